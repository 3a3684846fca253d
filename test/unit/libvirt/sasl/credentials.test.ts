import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthenticationFailedError } from '../../../../src/errors.ts';
import { lookUpAuthFile } from '../../../../src/libvirt/sasl/auth-file.ts';
import {
  authFilePlaces,
  defaultSaslSettings,
  findCredentials,
} from '../../../../src/libvirt/sasl/credentials.ts';
import { parseLibvirtUri } from '../../../../src/libvirt/uri.ts';

let directory: string;

const authConf = `
# for the hosts
[credentials-rack]
authname = fred
password=s#cret=1
realm=example.org
; nobody
[auth-libvirt-host.example]
credentials=rack
[auth-libvirt-broken]
credentials=away
[auth-libvirt-default]
credentials=other
[credentials-other]
authname=ann
`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'credentials-'));
  await writeFile(join(directory, 'auth.conf'), authConf);
  await writeFile(join(directory, 'password'), 'from a file\r\nsecond line\n');
  await writeFile(join(directory, 'empty'), '\nsecond line\n');
  await writeFile(join(directory, 'large'), 'x'.repeat(70_000));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

function find(uri: string, settings: { user?: string; passwordFile?: string } = {}, authFile = 'auth.conf') {
  const { login } = parseLibvirtUri(uri);
  return findCredentials({ ...defaultSaslSettings, ...settings }, login, 'PEER', {
    LIBVIRT_AUTH_FILE: join(directory, authFile),
  });
}

describe('auth.conf', () => {
  it('is looked up by host, else by its default', () => {
    expect(lookUpAuthFile(authConf, 'host.example')).toEqual({
      user: 'fred',
      password: 's#cret=1',
      realm: 'example.org',
    });
    expect(lookUpAuthFile(authConf, 'elsewhere')).toEqual({
      user: 'ann',
      password: undefined,
      realm: undefined,
    });
    expect(lookUpAuthFile('', 'elsewhere')).toBeUndefined();
  });

  it('says which group is missing', () => {
    expect(() => lookUpAuthFile(authConf, 'broken')).toThrow('[credentials-away]');
    expect(() => lookUpAuthFile('[auth-libvirt-default]', 'x')).toThrow('does not have "credentials"');
  });

  it('is where libvirt looks for it', () => {
    const { login } = parseLibvirtUri('qemu+tcp://host/system?authfile=/a');
    expect(authFilePlaces(login, {})).toEqual(['/a']);
    expect(authFilePlaces(login, { LIBVIRT_AUTH_FILE: '/b' })).toEqual(['/b']);
    const other = parseLibvirtUri('qemu:///system').login;
    expect(authFilePlaces(other, { HOME: '/h' })).toEqual([
      '/h/.config/libvirt/auth.conf',
      '/etc/libvirt/auth.conf',
    ]);
    expect(authFilePlaces(other, { HOME: '/h', XDG_CONFIG_HOME: '/c' })[0]).toBe('/c/libvirt/auth.conf');
  });
});

describe('credentials', () => {
  it('are those of the settings, then of the URI, then of auth.conf', async () => {
    const passwordFile = join(directory, 'password');
    expect(await find('qemu+tcp://host.example/system')).toMatchObject({
      user: 'fred',
      password: 's#cret=1',
      realm: 'example.org',
    });
    expect(await find('qemu+tcp://bob@host.example/system')).toMatchObject({
      user: 'bob',
      password: 's#cret=1',
    });
    expect(await find('qemu+tcp://bob@host.example/system', { user: 'carl' })).toMatchObject({
      user: 'carl',
    });
    expect(await find('qemu+tcp://bob@host.example/system', { passwordFile })).toMatchObject({
      user: 'bob',
      password: 'from a file',
    });
  });

  it('are those of the system where the own folder cannot be looked into', async () => {
    const { login } = parseLibvirtUri('qemu+tcp://host.example/system');
    const inFile = { XDG_CONFIG_HOME: join(directory, 'auth.conf') };
    await expect(findCredentials(defaultSaslSettings, login, 'PEER', inFile)).rejects.toThrow(
      'there is none',
    );
    const named = { LIBVIRT_AUTH_FILE: join(directory, 'auth.conf', 'auth.conf') };
    await expect(findCredentials(defaultSaslSettings, login, 'PEER', named)).rejects.toThrow('ENOTDIR');
  });

  it.each([
    ['no user', 'qemu+tcp://elsewhere/system', { passwordFile: 'password' }, 'wants a user (SASL)'],
    ['no password', 'qemu+tcp://elsewhere/system', {}, 'wants a password (SASL)'],
    ['a broken auth.conf', 'qemu+tcp://broken/system', {}, '[credentials-away]'],
    ['a file that is not there', 'qemu+tcp://u@h/system', { passwordFile: 'nothing' }, 'no such file'],
    ['a file that is a directory', 'qemu+tcp://u@h/system', { passwordFile: '.' }, 'is a directory'],
    ['a file without a first line', 'qemu+tcp://u@h/system', { passwordFile: 'empty' }, 'wants a password'],
    ['a file that is too large', 'qemu+tcp://u@h/system', { passwordFile: 'large' }, 'larger than'],
  ])('are missed with %s', async (_what, uri, settings, message) => {
    const given =
      'passwordFile' in settings ? { passwordFile: join(directory, settings.passwordFile) } : settings;
    const found = find(uri, given);
    await expect(found).rejects.toThrow(AuthenticationFailedError);
    await expect(found).rejects.toThrow(message);
    await expect(found).rejects.toMatchObject({ remedy: expect.stringMatching(/\.$/) });
  });

  it('are missed where there is no auth.conf, with the places that were looked at', async () => {
    await expect(find('qemu+tcp://host/system', {}, 'nowhere')).rejects.toMatchObject({
      message: 'PEER wants a user and a password (SASL), and there is none',
      remedy: expect.stringContaining(`${directory}/nowhere`),
    });
  });
});
