import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AuthenticationFailedError } from '../../../../src/errors.ts';
import { LibvirtConnection } from '../../../../src/libvirt/connection.ts';
import type { Procedure } from '../../../../src/libvirt/protocol.ts';
import { authenticateWithSasl } from '../../../../src/libvirt/sasl/authenticate.ts';
import { type MechanismName, mechanismNames } from '../../../../src/libvirt/sasl/mechanism-names.ts';
import { parseLibvirtUri } from '../../../../src/libvirt/uri.ts';
import { XdrReader, XdrWriter } from '../../../../src/libvirt/xdr.ts';
import { silentLogger } from '../../../../src/log.ts';
import { FakeLibvirtd } from '../../../fakes/fake-libvirtd.ts';
import { waitUntil } from '../../../lab/wait.ts';

/*
 * A daemon that lies, on a local socket. What honest ones say, with each mechanism and over each transport, is in
 * the integration tests.
 */

const procedures = { init: 67, start: 68, step: 69 };
const password = 'not to be told';

let directory: string;
let daemon: FakeLibvirtd;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sasl-'));
  await writeFile(join(directory, 'password'), password);
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

beforeEach(async () => {
  daemon = await FakeLibvirtd.start({ authTypes: [1] });
});

afterEach(async () => {
  await daemon.close();
});

function offer(list: string): void {
  const writer = new XdrWriter();
  writer.string(list);
  daemon.inject({ procedure: procedures.init, action: { type: 'payload', bytes: writer.finish() } });
}

function reply(procedure: number, complete: number, data: string | undefined): void {
  const writer = new XdrWriter();
  writer.i32(complete);
  writer.bool(data === undefined);
  writer.array([...Buffer.from(data ?? '')], (inner, octet) => inner.u32(octet));
  daemon.inject({ procedure, action: { type: 'payload', bytes: writer.finish() } });
}

/** How opening ends; it must not succeed, nor tell the password. */
async function refusal(
  more = '',
  mechanisms: readonly MechanismName[] = mechanismNames,
): Promise<AuthenticationFailedError> {
  const target = parseLibvirtUri(`${daemon.uri}${more}`);
  let failure: unknown;
  try {
    await LibvirtConnection.open(target, {
      readOnly: true,
      logger: silentLogger,
      sasl: { user: 'fred', passwordFile: join(directory, 'password'), mechanisms },
    });
  } catch (error) {
    failure = error;
  }
  if (!(failure instanceof AuthenticationFailedError)) throw new Error(`not refused: ${String(failure)}`);
  expect(`${failure.message} ${failure.remedy}`).not.toContain(password);
  await waitUntil(() => daemon.clientCount === 0, { what: 'the connection to end' });
  return failure;
}

describe('a daemon', () => {
  it.each([
    ['GSSAPI', 'Kerberos is not known here'],
    ['', 'mech_list'],
    ['CRAM-MD5,LOGIN,ANONYMOUS', 'mech_list'],
  ])('that offers %j gets a remedy', async (list, remedy) => {
    offer(list);
    expect(await refusal()).toMatchObject({
      message: expect.stringContaining(`offers these mechanisms of SASL: ${list.split(',')[0] || 'none'}`),
      remedy: expect.stringContaining(remedy),
    });
    expect(daemon.callCount(procedures.start)).toBe(0);
  });

  it('that offers what the operator or the URI does not allow is not told anything', async () => {
    offer('PLAIN,SCRAM-SHA-1');
    expect((await refusal('', ['SCRAM-SHA-256'])).message).toContain('none of them is SCRAM-SHA-256');
    expect((await refusal('&auth=sasl.digest-md5')).message).toContain('none of them is DIGEST-MD5');
    expect(daemon.callCount(procedures.start)).toBe(0);
  });

  it('that is content without a proof is not believed', async () => {
    offer('SCRAM-SHA-256');
    reply(procedures.start, 1, undefined);
    expect((await refusal()).message).toContain('has not proved that it knows the password');
  });

  it('that answers to another nonce is not obeyed', async () => {
    offer('SCRAM-SHA-256');
    reply(procedures.start, 0, 'r=x,s=QSXC,i=4096');
    expect((await refusal()).message).toContain('nonce');
    expect(daemon.callCount(procedures.step)).toBe(0);
  });

  it('that is never content is left', async () => {
    offer('PLAIN');
    reply(procedures.start, 0, '');
    reply(procedures.step, 0, '');
    expect((await refusal()).message).toContain('not content after 8 messages');
  });

  it('that says what cannot be read is left', async () => {
    offer('SCRAM-SHA-256');
    daemon.inject({
      procedure: procedures.start,
      action: { type: 'payload', bytes: Buffer.from('000000000000000000100000', 'hex') },
    });
    expect((await refusal()).message).toContain('octets of SASL data');
  });

  it('that refuses is asked once, and the message says whose password it was', async () => {
    offer('PLAIN,DIGEST-MD5,SCRAM-SHA-256');
    daemon.inject({ procedure: procedures.start, action: { type: 'error', code: 45, message: 'no' } });
    expect(await refusal()).toMatchObject({
      message: expect.stringContaining('authentication of "fred" with SCRAM-SHA-256 failed: no'),
      remedy: expect.stringContaining(`${directory}/password (libvirt.sasl_password_file)`),
    });
    expect(daemon.callCount(procedures.start)).toBe(1);
  });
});

it('a password is not told where others can listen or pretend', async () => {
  const tunnel = join(directory, 'tunnel.mjs');
  await writeFile(
    tunnel,
    `#!${process.execPath}
     import { connect } from 'node:net';
     const socket = connect(process.env.FAKE_SOCKET);
     process.stdin.pipe(socket);
     socket.pipe(process.stdout);`,
    { mode: 0o755 },
  );
  process.env['FAKE_SOCKET'] = daemon.socketPath;
  offer('PLAIN');
  const target = parseLibvirtUri(`qemu+ext:///system?command=${tunnel}`);
  const options = {
    readOnly: true,
    logger: silentLogger,
    sasl: { user: 'fred', passwordFile: join(directory, 'password'), mechanisms: mechanismNames },
  };
  await expect(LibvirtConnection.open(target, options)).rejects.toThrow('would tell the password');
  expect(daemon.callCount(procedures.start)).toBe(0);
});

it.each(['SCRAM-SHA-256', 'SCRAM-SHA-1,PLAIN'])(
  'over plain TCP, %s is not even begun: what follows would be open to whoever has taken the others off the list',
  async (list) => {
    const called: string[] = [];
    const call = async <Args, Reply>({ name, decode }: Procedure<Args, Reply>): Promise<Reply> => {
      called.push(name);
      const writer = new XdrWriter();
      writer.string(list);
      return decode(new XdrReader(writer.finish(), 0));
    };
    const target = { ...parseLibvirtUri('qemu+tcp://localhost/system'), peer: 'PEER' };
    const settings = { user: 'fred', passwordFile: join(directory, 'password'), mechanisms: mechanismNames };
    await expect(authenticateWithSasl(call, target, settings)).rejects.toMatchObject({
      message: `PEER offers ${list.split(',')[0]}, which does not encrypt what follows`,
      remedy: expect.stringContaining('qemu+tls://'),
    });
    expect(called).toEqual(['authSaslInit']);
  },
);
