import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DaemonError } from '../../../src/errors.ts';
import { isLocalTarget, parseLibvirtUri, type Transport } from '../../../src/libvirt/uri.ts';

const env = { HOME: '/home/user', XDG_RUNTIME_DIR: '/run/user/1000' };
const parse = (uri: string, readOnly = true) => parseLibvirtUri(uri, { readOnly, env });

function transport<Kind extends Transport['kind']>(
  uri: string,
  kind: Kind,
): Extract<Transport, { kind: Kind }> {
  const parsed = parse(uri).transport;
  if (parsed.kind !== kind) throw new Error(`${uri} has the transport ${parsed.kind}`);
  return parsed as Extract<Transport, { kind: Kind }>;
}

describe('parseLibvirtUri', () => {
  it('prefers the modular daemon and the read-only socket', () => {
    const target = parse('qemu:///system');
    expect(target.uriToSend).toBe('qemu:///system');
    expect(target.transport).toEqual({
      kind: 'unix',
      sockets: [
        expect.stringMatching(/\/run\/libvirt\/virtqemud-sock-ro$/),
        expect.stringMatching(/\/run\/libvirt\/libvirt-sock-ro$/),
      ],
    });
    expect(isLocalTarget(target)).toBe(true);
  });

  it('takes the read-write sockets when asked to', () => {
    const { transport: local } = parse('qemu:///system', false);
    expect(local).toMatchObject({ sockets: [expect.stringMatching(/virtqemud-sock$/), expect.any(String)] });
  });

  it('knows mode=direct and mode=legacy', () => {
    expect(transport('qemu:///system?mode=direct', 'unix').sockets).toHaveLength(1);
    expect(transport('qemu:///system?mode=legacy', 'unix').sockets[0]).toMatch(/libvirt-sock-ro$/);
    expect(() => parse('qemu:///system?mode=fast')).toThrow('unknown mode "fast"');
  });

  it('finds the session daemon, which has one socket for both', () => {
    expect(transport('qemu:///session', 'unix').sockets).toEqual([
      '/run/user/1000/libvirt/virtqemud-sock',
      '/run/user/1000/libvirt/libvirt-sock',
    ]);
    const without = parseLibvirtUri('qemu:///session', { env: { HOME: '/home/user' } });
    expect(without.transport).toMatchObject({
      sockets: [expect.stringMatching(/^\/home\/user\/\.cache\/libvirt\//), expect.any(String)],
    });
  });

  it('takes an explicit socket, with plus signs and escapes', () => {
    const target = parse('qemu+unix:///system?socket=/a+b/c%20d/libvirt-sock');
    expect(target.transport).toEqual({ kind: 'unix', sockets: ['/a+b/c d/libvirt-sock'] });
    expect(target.uriToSend).toBe('qemu:///system');
  });

  it('asks only the monolithic daemon for the test driver', () => {
    expect(transport('test:///default', 'unix').sockets).toEqual([expect.stringMatching(/libvirt-sock-ro$/)]);
    expect(parse('test+unix:///default?socket=/s').uriToSend).toBe('test:///default');
    expect(parse('test:///etc/node.xml').uriToSend).toBe('test:///etc/node.xml');
  });

  it('uses TLS for a host without a transport', () => {
    expect(transport('qemu://host.example/system', 'tls')).toEqual({
      kind: 'tls',
      host: 'host.example',
      port: 16_514,
      caPath: '/etc/pki/CA/cacert.pem',
      crlPath: '/etc/pki/CA/cacrl.pem',
      certPath: '/etc/pki/libvirt/clientcert.pem',
      keyPath: '/etc/pki/libvirt/private/clientkey.pem',
      verify: true,
      sanity: true,
    });
    expect(transport('qemu+tls://[2001:db8::1]:1/system?pkipath=/pki&no_verify=1', 'tls')).toMatchObject({
      host: '2001:db8::1',
      port: 1,
      caPath: '/pki/cacert.pem',
      crlPath: '/pki/cacrl.pem',
      verify: false,
    });
    expect(transport('qemu+tls://[fe80::1%25eth0]/system?no_sanity=1', 'tls')).toMatchObject({
      host: 'fe80::1%eth0',
      sanity: false,
    });
  });

  it('takes certificates from the places of libvirt: those of the user, whatever is missing from the system', () => {
    const home = mkdtempSync(join(tmpdir(), 'home-'));
    const own = join(home, '.pki', 'libvirt');
    mkdirSync(own, { recursive: true });
    const pathsOf = (userId: number) => {
      const target = parseLibvirtUri('qemu+tls://h/system', { env: { HOME: home }, userId });
      return target.files.map((path) => path.replace(own, 'OWN'));
    };
    const system = ['/etc/pki/CA/cacert.pem', '/etc/pki/CA/cacrl.pem'];
    const pair = ['/etc/pki/libvirt/clientcert.pem', '/etc/pki/libvirt/private/clientkey.pem'];
    expect(pathsOf(1000)).toEqual([...system, ...pair]);
    writeFileSync(join(own, 'cacert.pem'), '');
    writeFileSync(join(own, 'clientcert.pem'), '');
    expect(pathsOf(1000)).toEqual(['OWN/cacert.pem', '/etc/pki/CA/cacrl.pem', ...pair]);
    writeFileSync(join(own, 'clientkey.pem'), '');
    writeFileSync(join(own, 'cacrl.pem'), '');
    expect(pathsOf(1000)).toEqual([
      'OWN/cacert.pem',
      'OWN/cacrl.pem',
      'OWN/clientcert.pem',
      'OWN/clientkey.pem',
    ]);
    // For root there is no other place than the system's.
    expect(pathsOf(0)).toEqual([...system, ...pair]);
    rmSync(home, { recursive: true });
  });

  it('says who logs in, with which mechanism, and whether that stays between two', () => {
    expect(parse('qemu+tls://fred@h/system?auth=sasl.scram-sha-256&authfile=/a')).toMatchObject({
      uriToSend: 'qemu:///system',
      confidential: true,
      login: { host: 'h', user: 'fred', demanded: 'sasl', mechanism: 'SCRAM-SHA-256', authFile: '/a' },
    });
    for (const [auth, demanded] of [
      ['none', undefined],
      ['polkit', 'polkit'],
      ['sasl', 'sasl'],
      ['SASL', 'sasl'],
    ] as const) {
      const { login } = parse(`qemu+tcp://h/system?auth=${auth}`);
      expect(login).toMatchObject({ demanded, mechanism: undefined });
    }
    const confidential = {
      'qemu:///system': true,
      'qemu+tcp://h/system': false,
      'qemu+tls://h/system?no_verify=1': false,
      'qemu+ssh://h/system': true,
      'qemu+ssh://h/system?no_verify=1': false,
      'qemu+ext:///system?command=/c': false,
    };
    for (const [uri, expected] of Object.entries(confidential)) {
      expect([uri, parse(uri).confidential]).toEqual([uri, expected]);
    }
    expect(parse('qemu:///system').login.host).toBe('localhost');
  });

  it('does not take a password, nor repeat it', () => {
    for (const uri of ['qemu+tcp://fred:secret@h/system', 'qemu+tcp://fred:secret@h:x/system']) {
      expect(() => parse(uri)).toThrow(/password|host/);
      expect(() => parse(uri)).toThrow(expect.not.stringContaining('secret'));
    }
  });

  it('uses TCP', () => {
    expect(transport('qemu+tcp://10.0.0.1/system', 'tcp')).toEqual({
      kind: 'tcp',
      host: '10.0.0.1',
      port: 16_509,
    });
    expect(isLocalTarget(parse('qemu+tcp://10.0.0.1/system'))).toBe(false);
  });

  it('runs ssh, which must not ask, with helper or netcat', () => {
    const auto = transport('qemu+ssh://root@host.example:2222/system?keyfile=/k', 'command');
    expect(auto.file).toBe('ssh');
    expect(auto.args).toEqual(
      expect.arrayContaining(['BatchMode=yes', '-p', '2222', '-l', 'root', '-i', '/k']),
    );
    expect(auto.args.slice(-3, -1)).toEqual(['--', 'host.example']);
    expect(auto.args.at(-1)).toContain("virt-ssh-helper -r '\\''qemu:///system'\\''");
    expect(auto.args.at(-1)).toContain('nc');
    expect(transport('qemu+ssh://h/system?proxy=native', 'command').args.at(-1)).not.toContain('nc ');
    const socket = transport('qemu+ssh://h/system?socket=/s', 'command').args.at(-1);
    expect(socket).not.toContain('virt-ssh-helper');
    expect(socket).toContain('/s');
  });

  it('quotes what goes through the other host’s shell', () => {
    const script = transport("qemu+ssh://h/system?socket=/a'%3Breboot", 'command').args.at(-1) ?? '';
    expect(script).toContain(`'\\''/a'\\''\\'\\'''\\'';reboot'\\''`);
  });

  it('runs a command of the operator', () => {
    expect(transport('qemu+ext:///system?command=/usr/bin/tunnel', 'command')).toEqual({
      kind: 'command',
      scheme: 'ext',
      file: '/usr/bin/tunnel',
      args: [],
    });
  });

  it('sends on parameters that are the driver’s, and a name instead of all', () => {
    expect(parse('qemu+unix:///system?socket=/s&extra=1').uriToSend).toBe('qemu:///system?extra=1');
    expect(parse('qemu+tcp://h/?name=qemu:///session').uriToSend).toBe('qemu:///session');
  });

  it('falls back on the environment, then on the system daemon', () => {
    const target = parseLibvirtUri('', { env: { ...env, LIBVIRT_DEFAULT_URI: 'qemu+tcp://h/system' } });
    expect(target.uri).toBe('qemu+tcp://h/system');
    expect(parseLibvirtUri(' ', { env }).uri).toBe('qemu:///system');
  });

  it.each([
    ['system', 'neither a URI nor an alias in uri_aliases of /.*/libvirt.conf'],
    ['qemu:system', 'expected driver\\[\\+transport\\]://'],
    ['qemu://[a/system', 'is not \\[user@\\]host'],
    ['qemu+tcp:///system', 'the transport tcp needs a host'],
    ['qemu+ssh:///system', 'the transport ssh needs a host'],
    ['qemu+unix://host/system', 'a local socket has no host'],
    ['qemu+ext:///system', 'needs \\?command=PROGRAM'],
    ['qemu+libssh2://host/system', 'use ssh'],
    ['qemu+quic://host/system', 'unknown transport "quic"'],
    ['qemu+tcp://host:99999/system', 'is not \\[user@\\]host\\[:port\\]'],
    ['qemu+unix:///system?socket=%zz', 'does not start an escape'],
    ['esx://host/', 'has no libvirt daemon'],
    ['qemu+tcp://h/system?auth=sasl.gssapi', 'unknown auth "sasl.gssapi": expected none, polkit, sasl'],
  ])('refuses %s and gives an example', (uri, problem) => {
    const attempt = () => parse(uri);
    expect(attempt).toThrow(new RegExp(problem));
    expect(attempt).toThrow('for example qemu:///system');
    try {
      attempt();
    } catch (error) {
      expect(error instanceof DaemonError && error.code).toBe('CONFIG_INVALID');
    }
  });
});
