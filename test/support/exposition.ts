/** One sample as a scraper reads it. */
export interface ScrapedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads the text format 0.0.4, for tests: strict about what it does not know. */
export function parseExposition(text: string): readonly ScrapedSample[] {
  return text.split('\n').flatMap((line) => {
    if (line === '' || line.startsWith('# ')) return [];
    const [, name = '', , labels = '', value = ''] = /^([a-z_0-9]+)(\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === '' || Number.isNaN(Number(value))) throw new Error(`no sample: ${line}`);
    const pairs = [...labels.matchAll(/([a-z_0-9]+)="((?:[^"\\]|\\.)*)"(?:,|$)/g)].map(
      ([, label = '', text = '']) => [
        label,
        text.replaceAll(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c)),
      ],
    );
    return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) }];
  });
}
