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
      certPath: '/etc/pki/libvirt/clientcert.pem',
      keyPath: '/etc/pki/libvirt/private/clientkey.pem',
      verify: true,
    });
    expect(transport('qemu+tls://[2001:db8::1]:1/system?pkipath=/pki&no_verify=1', 'tls')).toMatchObject({
      host: '2001:db8::1',
      port: 1,
      caPath: '/pki/cacert.pem',
      verify: false,
    });
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
    ['system', 'expected driver\\[\\+transport\\]://'],
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
