import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fleet, startFleet } from '../bench/fleet.ts';
import { type Agent, startAgent } from '../lab/agent.ts';
import { cacheDirectory } from '../lab/cache-directory.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { waitUntil } from '../lab/wait.ts';
import { type Browser, hasChromium, startChromium } from './chromium.ts';

// The live page in a real Chromium. Its pictures are left in the cache for people to look at.

const pictures = `${cacheDirectory()}/page`;
const longName = `größe-${'sehr-'.repeat(30)}lang-日本語`;
const markup = `<img src=x onerror=window.stolen=1>`;
const patience = { timeoutMs: 120_000 };

if (!hasChromium) process.stderr.write('no chromium (Debian package chromium): the page is not looked at\n');

describe.skipIf(!hasChromium)('the page', () => {
  let browser: Browser;
  let libvirtd: Libvirtd;

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    browser = await startChromium();
    libvirtd = await startLibvirtd();
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await libvirtd?.stop();
  });

  const rows = (): Promise<readonly string[]> =>
    browser.evaluate("[...document.querySelectorAll('#rows tr')].map((row) => row.textContent)");
  const count = (): Promise<string> => browser.evaluate("document.getElementById('count').textContent");
  const focus = (): Promise<string> =>
    browser.evaluate('document.activeElement.id || document.activeElement.textContent');

  interface Served {
    readonly agent: Agent;
    readonly url: string;
  }

  async function agentOf(...uris: readonly string[]): Promise<Served> {
    const served = await servedOf(...uris);
    await waitUntil(async () => (await fetch(`${served.url}readyz`)).ok, { what: 'fresh data', ...patience });
    return served;
  }

  async function servedOf(...uris: readonly string[]): Promise<Served> {
    const [uri = ''] = uris;
    const agent = await startAgent({
      ...(uris.length > 1 ? {} : { uri }),
      agentxAddress: 'unix:/nonexistent',
      config: {
        collect: { interval: 2 },
        agentx: { enabled: false },
        http: { address: '127.0.0.1:0' },
        ...(uris.length > 1
          ? { hypervisors: uris.map((each, at) => ({ name: `rack-${at + 1}`, uri: each })) }
          : {}),
      },
    });
    const line = await waitUntil(() => agent.logLines().find(({ msg }) => msg === 'HTTP is served'), {
      what: 'HTTP',
      context: () => agent.stderr(),
      ...patience,
    });
    return { agent, url: String(line['url']) };
  }

  it('says that there is no data where nothing has been read yet', async () => {
    const { agent, url } = await servedOf('qemu+unix:///system?socket=/nonexistent/libvirt-sock-ro');
    await browser.open(url);
    const age = (): Promise<string> => browser.evaluate("document.getElementById('age').textContent");
    await waitUntil(async () => (await age()) === 'no data yet', {
      what: 'the age',
      context: () => agent.stderr().slice(-500),
      ...patience,
    });
    expect(await browser.evaluate("document.getElementById('sum').textContent")).toBe('');
    expect(await count()).toBe('0 of 0 machines');
    await agent.stop();
  });

  it('says that there is no machine where there is none', async () => {
    const { agent, url } = await agentOf(libvirtd.uriReadOnly);
    await browser.open(url);
    await waitUntil(async () => (await count()) === '0 of 0 machines', { what: 'the count', ...patience });
    await browser.screenshot(`${pictures}/none.png`);
    expect(await browser.evaluate("document.getElementById('choice').hidden")).toBe(true);
    expect(browser.troubles).toEqual([]);
    await agent.stop();
  });

  it('shows machines whatever they are called, and runs nothing of theirs', async () => {
    const { domainType: type } = libvirtd;
    await libvirtd.run(biosGuest({ name: markup, type }));
    await libvirtd.run(biosGuest({ name: 'web-1', type }));
    await libvirtd.define(biosGuest({ name: longName, type }));
    const { agent, url } = await agentOf(libvirtd.uriReadOnly);
    await browser.open(url);
    await waitUntil(async () => (await rows()).length === 3, { what: 'three machines', ...patience });
    const names = await browser.evaluate<readonly string[]>(
      "[...document.querySelectorAll('#rows a')].map((link) => link.textContent)",
    );
    expect([...names].sort()).toEqual([longName, markup, 'web-1'].sort());
    expect(await browser.evaluate('document.images.length')).toBe(0);
    expect(await browser.evaluate('typeof window.stolen')).toBe('undefined');
    // A share is of two readings.
    await waitUntil(async () => (await rows()).some((text) => / %/.test(text)), {
      what: 'the CPU of a machine',
      ...patience,
    });
    for (const scheme of ['light', 'dark'] as const) {
      await browser.prefer(scheme);
      await browser.screenshot(`${pictures}/${scheme}.png`);
    }
    const background = (scheme: 'light' | 'dark') =>
      browser.prefer(scheme).then(() => browser.evaluate('getComputedStyle(document.body).backgroundColor'));
    expect(await background('light')).not.toBe(await background('dark'));
    // A long name does not push the figures out of sight.
    expect(await browser.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
    // What happens is told without being asked.
    await libvirtd.virsh('suspend', 'web-1');
    const events = (): Promise<string> => browser.evaluate("document.getElementById('events').textContent");
    await waitUntil(async () => (await events()).includes('web-1'), { what: 'the event', ...patience });
    await waitUntil(async () => (await rows()).some((text) => text.includes('paused')), {
      what: 'the state',
      ...patience,
    });
    expect(browser.troubles).toEqual([]);
    await agent.stop();
    await waitUntil(
      () => browser.evaluate("document.getElementById('trouble').textContent.includes('No answer')"),
      { what: 'the word that nobody answers', ...patience },
    );
    await browser.screenshot(`${pictures}/no-answer.png`);
  });

  it('shows a thousand machines, filtered and sorted with the keyboard alone', async () => {
    const fleet: Fleet = await startFleet(1000, 0);
    const { agent, url } = await agentOf(fleet.uri);
    await browser.open(url);
    let shown = '';
    await waitUntil(
      async () => {
        shown = await browser.evaluate('document.body.innerText.slice(0, 500)');
        return (await count()) === '1000 of 1000 machines';
      },
      { what: 'all', context: () => `${shown}\n${agent.stderr().slice(-500)}`, ...patience },
    );
    expect(await rows()).toHaveLength(1000);
    await browser.screenshot(`${pictures}/thousand.png`);
    await browser.press('/', '/');
    expect(await focus()).toBe('filter');
    for (const key of '00042') await browser.press(key, key);
    await waitUntil(async () => (await count()) === '1 of 1000 machines', { what: 'one', ...patience });
    expect((await rows())[0]).toContain('vm-00042');
    await browser.screenshot(`${pictures}/filtered.png`);
    await browser.press('Escape');
    expect(await count()).toBe('1000 of 1000 machines');
    await browser.press('Tab');
    expect(await focus()).toBe('Machine');
    await browser.press('Enter');
    expect((await rows())[0]).toContain('vm-01000');
    expect(await browser.evaluate("document.querySelector('th[aria-sort]').getAttribute('aria-sort')")).toBe(
      'descending',
    );
    await browser.screenshot(`${pictures}/sorted.png`);
    await agent.stop();
    await fleet[Symbol.asyncDispose]();
  });

  it('shows the hypervisor that is chosen with the keyboard, and remembers it in its address', async () => {
    const fleets: readonly Fleet[] = [await startFleet(3, 0), await startFleet(5, 0)];
    const { agent, url } = await agentOf(...fleets.map(({ uri }) => uri));
    const counted = (expected: string): Promise<boolean> =>
      waitUntil(async () => (await count()) === expected, {
        what: expected,
        context: () => agent.stderr().slice(-500),
        ...patience,
      });
    const chosen = (): Promise<string> => browser.evaluate("document.getElementById('hypervisor').value");
    const address = (): Promise<string> => browser.evaluate('location.search');
    const events = (): Promise<string> => browser.evaluate("document.getElementById('events').textContent");
    await browser.open(url);
    await counted('3 of 3 machines');
    expect([await chosen(), await address()]).toEqual(['rack-1', '']);
    await browser.press('Tab');
    expect(await focus()).toBe('hypervisor');
    await browser.press('ArrowDown');
    await counted('5 of 5 machines');
    expect([await chosen(), await address()]).toEqual(['rack-2', '?hypervisor=rack-2']);
    expect(await browser.evaluate("document.querySelector('#rows a').getAttribute('href')")).toMatch(
      /^api\/v1\/domains\/\d+\?hypervisor=rack-2$/,
    );
    for (const scheme of ['light', 'dark'] as const) {
      await browser.prefer(scheme);
      await browser.screenshot(`${pictures}/several-${scheme}.png`);
    }
    // What happens elsewhere is not told here.
    await fleets[0]?.change('suspend', 2);
    await fleets[1]?.change('suspend', 4);
    await waitUntil(async () => (await events()).includes('vm-00004'), { what: 'the event', ...patience });
    expect(await events()).not.toContain('vm-00002');
    await browser.evaluate('history.back()');
    await counted('3 of 3 machines');
    await waitUntil(async () => (await events()).includes('vm-00002'), { what: 'its events', ...patience });
    expect([await chosen(), await events()]).toEqual(['rack-1', expect.not.stringContaining('vm-00004')]);
    // As a bookmark has it.
    await browser.open(`${url}?hypervisor=rack-2`);
    await counted('5 of 5 machines');
    expect(await chosen()).toBe('rack-2');
    // One that has been taken out of the configuration.
    await browser.open(`${url}?hypervisor=rack-3`);
    await counted('3 of 3 machines');
    expect([await chosen(), await address()]).toEqual(['rack-1', '']);
    await waitUntil(async () => (await events()).includes('vm-00002'), { what: 'its events', ...patience });
    await agent.stop();
    for (const fleet of fleets) await fleet[Symbol.asyncDispose]();
  });
});
