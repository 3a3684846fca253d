import { expect, test } from 'vitest';
import { PrometheusExposition } from '../../src/expose/prometheus.ts';
import { servedFamilies } from '../../src/families/served.ts';
import { familySets } from '../../src/families/set-names.ts';
import { SampleImage } from '../support/sample-image.ts';
import { sampleSnapshot } from '../support/sample-snapshot.ts';

// Ours, and apart from them the others, some of which take the place of one of ours.
const choice = { exclude: [], labelRules: ['cluster', 'tier'] };
const families = servedFamilies({ sets: ['libvirt'], ...choice });
const aliases = servedFamilies({ sets: familySets.filter((set) => set !== 'libvirt'), ...choice });

test('the names, types and labels of all families, which are for ever', async () => {
  const lines = [...families, ...aliases].map(({ name, type, unit = '-', series }) => {
    const labels = new Set(
      series.flatMap(({ labels: told, texts = {}, fixed }) => Object.keys({ ...told, ...texts, ...fixed })),
    );
    return `${name} ${type} ${unit} {${[...labels].join(',')}}\n`;
  });
  await expect(lines.join('')).toMatchFileSnapshot('metric-names.txt');
});

test('/metrics of the sample snapshot', async () => {
  const { tree } = new SampleImage(sampleSnapshot());
  const bodies = [families, aliases].map((some) =>
    new PrometheusExposition([{ name: '', tree }], { families: some, domainLabels: {} })
      .body('text')
      .toString(),
  );
  await expect(bodies.join('')).toMatchFileSnapshot('metrics.txt');
});
