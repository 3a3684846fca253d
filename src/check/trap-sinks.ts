import { type Finding, foundProblem, inOrder } from './finding.ts';
import type { SnmpSession } from './snmp-session.ts';

const subject = 'notifications';

/** SNMP-TARGET-MIB (RFC 3413): snmpTargetAddrTAddress, and snmpTargetAddrTDomain beside it. */
const targetAddress = '1.3.6.1.6.3.12.1.2.1.3';
const targetDomain = '1.3.6.1.6.3.12.1.2.1.2';

/** snmpNotifyType of SNMP-NOTIFICATION-MIB, by the same row names in snmpd: trap(1), inform(2). */
const notifyType = '1.3.6.1.6.3.13.1.1.1.3';

/** snmpUDPDomain (RFC 3417): six octets, address and port. */
const udpDomain = '1.3.6.1.6.1.1';

/** A receiver of notifications that snmpd has. */
interface TrapSink {
  readonly address: string;
  readonly kind: 'trap' | 'inform';
}

/** Whom snmpd sends notifications to, as far as this community or user may see it. */
export async function trapSinkFinding(session: SnmpSession): Promise<Finding> {
  const sinks = await trapSinks(session);
  if (sinks === undefined) {
    return inOrder(subject, 'whom snmpd sends to is hidden from this community or user (1.3.6.1.6.3)');
  }
  if (sinks.length === 0) return foundProblem(subject, 'snmpd has no receiver', 'trap-sinks-none');
  const list = sinks.map(({ kind, address }) => `${kind} to ${address}`).join(', ');
  return inOrder(subject, `snmpd sends ${list}; libvirt-agentx notify-test sends a test`);
}

/** The receivers in snmpd's tables; undefined where those tables cannot be seen. */
export async function trapSinks(session: SnmpSession): Promise<readonly TrapSink[] | undefined> {
  const addresses = await session.below(targetAddress);
  if (addresses.length === 0 && !(await isTargetMibShown(session))) return undefined;
  const domains = new Map((await session.below(targetDomain)).map(({ oid, value }) => [rowOf(oid), value]));
  const types = new Map((await session.below(notifyType)).map(({ oid, value }) => [rowOf(oid), value]));
  return addresses.map(({ oid, value }) => ({
    address: addressText(value, String(domains.get(rowOf(oid)) ?? '')),
    kind: Number(types.get(rowOf(oid))) === 2 ? 'inform' : 'trap',
  }));
}

/** snmpTargetSpinLock.0, which every agent with the module has. */
async function isTargetMibShown(session: SnmpSession): Promise<boolean> {
  const [lock] = await session.get(['1.3.6.1.6.3.12.1.1.0']);
  return lock !== undefined;
}

/** The index of a row: what follows the column, whose OID has eleven numbers in both tables. */
function rowOf(oid: string): string {
  return oid.split('.').slice(11).join('.');
}

function addressText(value: unknown, domain: string): string {
  if (!(value instanceof Uint8Array)) return String(value);
  if (domain !== udpDomain || value.length !== 6) return `${value.length} octets of ${domain}`;
  const [a, b, c, d, high = 0, low = 0] = value;
  return `${a}.${b}.${c}.${d}:${high * 256 + low}`;
}
