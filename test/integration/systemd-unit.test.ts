import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repositoryPath } from '../lab/mib-path.ts';
import { runAnyway } from '../lab/process.ts';

const unit = `${repositoryPath}/contrib/systemd/libvirt-agentx.service`;
const text = readFileSync(unit, 'utf8');
const systemd = (await runAnyway('systemd-analyze', ['--version']).catch(() => undefined))?.code === 0;

/** Settings of the unit, without comments. */
const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe.skipIf(!systemd)('contrib/systemd, by systemd itself (needs systemd-analyze)', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'lvx-unit-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('has no setting that systemd does not know', async () => {
    const path = join(directory, 'libvirt-agentx.service');
    // The program itself is not installed here.
    writeFileSync(path, text.replace('ExecStart=libvirt-agentx', `ExecStart=${process.execPath}`));
    const { code, stderr } = await runAnyway('systemd-analyze', ['verify', path]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it('is hardened', async () => {
    const path = join(directory, 'libvirt-agentx.service');
    copyFileSync(unit, path);
    const { code, stdout } = await runAnyway('systemd-analyze', [
      'security',
      '--offline=true',
      '--threshold=10',
      path,
    ]);
    expect(stdout).toMatch(/Overall exposure level for libvirt-agentx.service: (0\.\d|1\.0)/);
    expect(code).toBe(0);
  });
});

describe('contrib/systemd', () => {
  it('leaves Node.js what it needs to start', () => {
    expect(lines.filter((line) => line.startsWith('MemoryDenyWriteExecute'))).toEqual([]);
  });

  it('leaves the agent what it reads beside its sockets: /proc and the interfaces of the host', () => {
    const hiding = /^(ProtectProc|ProcSubset|PrivateNetwork)=/;
    expect(lines.filter((line) => hiding.test(line))).toEqual([]);
  });
});
