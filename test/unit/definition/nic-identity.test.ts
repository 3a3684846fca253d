import { describe, expect, it } from 'vitest';
import { parseDomainXml } from '../../../src/definition/domain-definition.ts';
import { identifyNics, shareMac } from '../../../src/definition/nic-identity.ts';

const mac = '52:54:00:00:02:01';

interface Parts {
  readonly mac?: string;
  readonly alias?: string;
  readonly slot?: string;
  readonly target?: string;
  readonly bridge?: string;
}

function nics(...parts: readonly Parts[]) {
  const elements = parts.map(
    ({ mac: own = mac, alias, slot, target, bridge = 'br0' }) => `<interface type='bridge'>
      <mac address='${own}'/><source bridge='${bridge}'/>
      ${alias === undefined ? '' : `<alias name='${alias}'/>`}
      ${target === undefined ? '' : `<target dev='${target}'/>`}
      ${slot === undefined ? '' : `<address type='pci' domain='0' bus='${slot}' slot='0x00' function='0x0'/>`}
    </interface>`,
  );
  return parseDomainXml(`<domain><devices>${elements.join('')}</devices></domain>`).nics;
}

const keys = (found: ReturnType<typeof identifyNics>): readonly string[] => found.map(({ key }) => key);

describe('identifyNics', () => {
  it('takes the MAC address where it is unique, whatever else changes', () => {
    const before = identifyNics(nics({ slot: '1', target: 'vnet0' }), []);
    expect(keys(before)).toEqual([mac]);
    expect(keys(identifyNics(nics({ slot: '9', bridge: 'br7' }), before))).toEqual([mac]);
    expect(shareMac(before)).toBe(false);
  });

  it('tells interfaces with one MAC address apart', () => {
    const found = identifyNics(
      nics({ slot: '1' }, { slot: '2' }, { slot: '3', mac: '52:54:00:00:02:02' }),
      [],
    );
    expect(keys(found)).toEqual([mac, `${mac}#2`, '52:54:00:00:02:02']);
    expect(shareMac(found)).toBe(true);
  });

  it('keeps the key of each when its like is plugged in before it, or out', () => {
    const one = identifyNics(nics({ slot: '5' }), []);
    const two = identifyNics(nics({ slot: '4' }, { slot: '5' }), one);
    expect(keys(two)).toEqual([`${mac}#2`, mac]);
    const left = identifyNics(nics({ slot: '4' }), two);
    expect(left[0]?.key).toBe(`${mac}#2`);
    const third = identifyNics(nics({ slot: '4' }, { slot: '6' }), left);
    expect(keys(third).slice(0, 2)).toEqual([`${mac}#2`, `${mac}#3`]);
    const back = identifyNics(nics({ slot: '5' }, { slot: '6' }), third);
    expect(keys(back).slice(0, 2)).toEqual([mac, `${mac}#3`]);
  });

  it('prefers the name that the user gave to the place, and the place to the device', () => {
    const before = identifyNics(
      nics({ alias: 'ua-a', slot: '1', target: 'vnet1' }, { alias: 'ua-b', slot: '2', target: 'vnet2' }),
      [],
    );
    const after = identifyNics(
      nics({ alias: 'ua-b', slot: '1', target: 'vnet1' }, { alias: 'ua-a', slot: '2', target: 'vnet2' }),
      before,
    );
    expect(keys(after)).toEqual([`${mac}#2`, mac]);
  });

  it('remembers a bounded number of those that are gone', () => {
    let known = identifyNics(nics({ slot: '1' }, { slot: '2' }), []);
    for (let at = 0; at < 200; at += 1) {
      known = identifyNics(nics({ slot: '1' }, { mac: `52:54:00:00:03:${(at + 16).toString(16)}` }), known);
    }
    expect(known.length).toBeLessThan(100);
    expect(known[0]?.key).toBe(mac);
  });
});
