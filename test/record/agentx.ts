/**
 * Records AgentX PDUs of real peers into test/fixtures/agentx: `tsx test/record/agentx.ts`.
 *
 * Two talks are recorded: snmpd as master with our subagent (the master's PDUs are kept), and snmpd as master
 * with a second snmpd as its subagent
 * (`snmpd -X`, in little-endian byte order; both sides' PDUs are kept). The first PDU of each kind is
 * written to a file of its own.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { parseArgs } from 'node:util';
import { agentxFrames } from '../../src/agentx/frames.ts';
import { AgentxSubagent } from '../../src/agentx/subagent.ts';
import { Framer } from '../../src/bytes/framer.ts';
import { silentLogger } from '../../src/log.ts';
import { makeLabDirectory } from '../lab/lab-directory.ts';
import { runAnyway, startProcess } from '../lab/process.ts';
import { startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';
import { decodePdu } from '../support/agentx-codec.ts';
import { scalar, syntheticTree } from '../support/synthetic-tree.ts';

const root = [1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 1];
const { values } = parseArgs({ options: { directory: { type: 'string', default: 'test/fixtures/agentx' } } });
const version = /version: +(\S+)/.exec((await runAnyway('snmpd', ['-v'])).stdout)?.[1] ?? 'unknown';
const date = new Date().toISOString().slice(0, 10);
const seen = new Set<string>();

type Sender = 'master' | 'subagent';

/** Passes everything on between subagents and a master and keeps one sender's PDUs. */
async function tee(
  path: string,
  masterPath: string,
  keep: readonly Sender[],
  command: () => string,
): Promise<Server> {
  const server = createServer((subagent) => {
    const master = connect(masterPath);
    for (const [sender, from, to] of [
      ['subagent', subagent, master],
      ['master', master, subagent],
    ] as const) {
      const framer = new Framer(agentxFrames);
      from.on('data', (chunk) => {
        to.write(chunk);
        if (keep.includes(sender)) {
          framer.push(chunk, (frame) => record(sender, frame, command()));
        }
      });
      from.on('close', () => to.destroy());
      from.on('error', () => to.destroy());
    }
  });
  server.listen(path);
  await waitUntil(() => server.listening, { what: 'the tee' });
  return server;
}

function record(sender: Sender, frame: Uint8Array, command: string): void {
  const pdu = decodePdu(frame);
  const inContext = 'context' in pdu && pdu.context !== undefined ? '-context' : '';
  const littleEndian = sender === 'master' && ((frame[2] ?? 0) & 0x10) === 0 ? '-little-endian' : '';
  const kind = pdu.kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const name = `${sender}-${kind}${inContext}${littleEndian}`;
  if (seen.has(name)) return;
  seen.add(name);
  const lines = Buffer.from(frame)
    .toString('hex')
    .replace(/(.{8})(?=.)/g, '$1 ')
    .replace(/((?:.{8} ){4})/g, '$1\n')
    .split('\n')
    .map((line) => line.trim());
  const notes = [
    `# AgentX ${pdu.kind} PDU sent by a ${sender}`,
    `# peer: Net-SNMP snmpd ${version}${sender === 'subagent' ? ' (-X)' : ''}`,
    `# date: ${date}`,
    `# command: ${command}`,
  ];
  writeFileSync(`${values.directory}/${name}.hex`, `${[...notes, ...lines].join('\n')}\n`);
  process.stdout.write(`${name}\n`);
}

mkdirSync(values.directory, { recursive: true });
await using directory = await makeLabDirectory();
const user = { name: 'lab', authPassword: 'authentication' } as const;
await using snmpd = await startSnmpd({
  writable: true,
  users: [user],
  extraConfig: 'access grp "" any noauth prefix all none none\nview all included .1\ngroup grp usm lab',
});
const masterPath = snmpd.agentxSocketPath ?? '';
let command = 'start of a subagent';

{
  const path = directory.file('tee-master');
  const server = await tee(path, masterPath, ['master'], () => command);
  await using subagent = new AgentxSubagent({
    address: { kind: 'unix', path },
    description: 'recorder',
    regions: [{ oid: root, name: 'recorder' }],
    capabilities: [],
    contexts: ['q1'],
    logger: silentLogger,
  });
  let value = 1;
  subagent.setTree(
    syntheticTree([
      scalar([...root, 1], 'OctetString', 'first'),
      {
        ...scalar([...root, 2], 'Integer32', 1),
        read: () => value,
        planSet: (_row, _syntax, wanted) => {
          if (wanted === 9) {
            return {
              commit() {
                throw new Error('refused to show UndoSet');
              },
              undo() {},
            };
          }
          return {
            commit() {
              value = Number(wanted);
            },
            undo() {},
          };
        },
      },
    ]),
  );
  subagent.start(new AbortController().signal);
  await waitUntil(() => subagent.state === 'registered', { what: 'registration' });
  const oid = (...subIds: number[]) => [...root, ...subIds].join('.');
  command = `snmpget ${oid(1, 0)} ${oid(2, 0)}`;
  await snmpd.get([oid(1, 0), oid(2, 0)]);
  command = `snmpgetnext ${oid(1)} ${oid(2)}`;
  await snmpd.getNext([oid(1), oid(2)]);
  command = `snmpset ${oid(2, 0)} i 5`;
  await snmpd.set(oid(2, 0), 'i', '5');
  command = `snmpset ${oid(2, 0)} i 9`;
  await snmpd.set(oid(2, 0), 'i', '9').catch(() => {});
  command = `snmpget -n q1 ${oid(1, 0)}`;
  await snmpd.get(oid(1, 0), { version: '3', user, contextName: 'q1' });
  server.close();
}

{
  command = 'start of a subagent';
  const path = directory.file('tee-subagent');
  const other = '1.3.6.1.4.1.8072.9999.9999.2';
  const server = await tee(path, masterPath, ['master', 'subagent'], () => command);
  const config = directory.file('subagent.conf');
  writeFileSync(
    config,
    `agentXPingInterval 1\noverride ${other}.1.0 octet_str "text"\noverride ${other}.2.0 integer 7\n`,
  );
  const process = await startProcess({
    name: 'snmpd -X',
    command: 'snmpd',
    args: ['-X', '-f', '-Le', '-C', '-c', config, '-x', path, '-I', 'override,vacm_vars,usmUser'],
    env: { SNMP_PERSISTENT_DIR: directory.directory('persistent'), MIBS: '' },
  });
  await waitUntil(() => seen.has('subagent-register'), {
    what: 'the other subagent',
    context: () => process.output(),
  });
  command = `snmpget ${other}.1.0 ${other}.2.0`;
  await waitUntil(async () => (await snmpd.get([`${other}.1.0`, `${other}.2.0`]))[1]?.type === 'INTEGER', {
    what: 'the value of the other subagent',
  });
  command = `snmpgetnext ${other}.1`;
  await snmpd.getNext(`${other}.1`);
  await waitUntil(() => seen.has('subagent-response'), { what: 'a response' });
  await waitUntil(() => seen.has('subagent-ping'), { what: 'a ping' }).catch(() => {});
  command = 'SIGTERM';
  await process.stop();
  server.close();
}
