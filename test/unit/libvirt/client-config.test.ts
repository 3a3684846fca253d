import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfigPath, parseClientConfig, readClientConfig } from '../../../src/libvirt/client-config.ts';
import { parseLibvirtUri } from '../../../src/libvirt/uri.ts';

let home: string;
let path: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'home-'));
  mkdirSync(join(home, '.config', 'libvirt'), { recursive: true });
  path = join(home, '.config', 'libvirt', 'libvirt.conf');
});

afterAll(() => {
  rmSync(home, { recursive: true });
});

/** As the file that libvirt ships has it, and what may be there besides. */
const text = `
# uri_aliases = [
#   "no=qemu+ssh://no/system",
# ]
uri_aliases = [
  "hail=qemu+ssh://root@hail.cloud.example.com/system", # the first "of" these
  'sleet=qemu+tls://sleet.example.com/system?pkipath=/pki',
  "hail=qemu:///session",
]
other = 5
uri_default = "qemu+tls://default.example/system"
`;

describe('libvirt.conf', () => {
  it('says nothing where a link to it leads nowhere, as for libvirt', () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'home-'));
    mkdirSync(join(elsewhere, 'libvirt'));
    symlinkSync(join(elsewhere, 'gone'), join(elsewhere, 'libvirt', 'libvirt.conf'));
    const read = readClientConfig({ env: { XDG_CONFIG_HOME: elsewhere }, userId: 1000 });
    expect(read).toMatchObject({ uriDefault: undefined, uriAliases: new Map() });
    rmSync(elsewhere, { recursive: true });
  });

  it('has aliases and a default', () => {
    const { uriAliases, uriDefault } = parseClientConfig(text, '/x');
    expect([...uriAliases]).toEqual([
      ['hail', 'qemu+ssh://root@hail.cloud.example.com/system'],
      ['sleet', 'qemu+tls://sleet.example.com/system?pkipath=/pki'],
    ]);
    expect(uriDefault).toBe('qemu+tls://default.example/system');
  });

  it.each(['', '# nothing', 'uri_default = ""', 'uri_aliases = []', 'uri_aliases', '= = ['])(
    'may say nothing: %j',
    (nothing) => {
      expect(parseClientConfig(nothing, '/x')).toEqual({ uriDefault: undefined, uriAliases: new Map() });
    },
  );

  it('is named with what is wrong in it', () => {
    expect(() => parseClientConfig('uri_aliases = ["hail"]', '/x/libvirt.conf')).toThrow(
      '/x/libvirt.conf: uri_aliases has "hail", expected "name=URI"',
    );
  });

  it('is that of the system for root, and their own for others', () => {
    expect(clientConfigPath({ env: { HOME: '/h' }, userId: 0 })).toBe('/etc/libvirt/libvirt.conf');
    expect(clientConfigPath({ env: { HOME: '/h' }, userId: 7 })).toBe('/h/.config/libvirt/libvirt.conf');
    const env = { HOME: '/h', XDG_CONFIG_HOME: '/c' };
    expect(clientConfigPath({ env, userId: 7 })).toBe('/c/libvirt/libvirt.conf');
  });

  it('may be missing, but not unreadable', () => {
    expect(readClientConfig({ env: { HOME: '/nowhere' }, userId: 7 }).uriAliases.size).toBe(0);
    mkdirSync(join(home, 'directory', 'libvirt', 'libvirt.conf'), { recursive: true });
    const env = { XDG_CONFIG_HOME: join(home, 'directory') };
    expect(() => readClientConfig({ env, userId: 7 })).toThrow('libvirt.conf cannot be read');
  });
});

describe('an alias in the place of a URI', () => {
  const options = () => ({ env: { HOME: home }, userId: 7 });

  it('is the URI', () => {
    writeFileSync(path, text);
    const { uri, transport } = parseLibvirtUri('sleet', options());
    expect(uri).toBe('qemu+tls://sleet.example.com/system?pkipath=/pki');
    expect(transport).toMatchObject({ kind: 'tls', host: 'sleet.example.com', caPath: '/pki/cacert.pem' });
  });

  it('that is not there is told with the file', () => {
    writeFileSync(path, text);
    expect(() => parseLibvirtUri('snow', options())).toThrow(
      `libvirt URI "snow": neither a URI nor an alias in uri_aliases of ${path}`,
    );
  });
});
