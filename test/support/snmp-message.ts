import asn1, { type Entity } from 'asn1.js';

/*
 * SNMP messages as RFC 3416 section 3 (PDUs), RFC 1901 (SNMPv2c) and RFC 3412 section 6 (SNMPv3) define them, for asn1.js: a
 * referee that shares no code with the agent, with net-snmp, or with the npm package of the same name.
 */

/** A variable binding as the referee sees it. */
export interface DecodedVarBind {
  readonly oid: string;
  readonly type:
    | 'Integer32'
    | 'OctetString'
    | 'Null'
    | 'ObjectIdentifier'
    | 'IpAddress'
    | 'Counter32'
    | 'Gauge32'
    | 'TimeTicks'
    | 'Opaque'
    | 'Counter64';
  /** Decimal digits, or an OID in dotted form; undefined for strings of octets. */
  readonly text: string | undefined;
  /** Undefined for everything else. */
  readonly octets: Buffer | undefined;
}

export interface DecodedMessage {
  readonly version: 'v2c' | 'v3';
  readonly pdu: 'trap' | 'inform';
  readonly requestId: string;
  readonly errorStatus: string;
  readonly errorIndex: string;
  readonly varBinds: readonly DecodedVarBind[];
}

interface BigNumber {
  toString(radix: number): string;
}

interface RawPdu {
  readonly requestId: BigNumber;
  readonly errorStatus: BigNumber;
  readonly errorIndex: BigNumber;
  readonly varBinds: readonly { readonly name: readonly number[]; readonly value: Buffer }[];
}

type RawPdus = { readonly type: string; readonly value: RawPdu };

const VarBind = asn1.define('VarBind', function () {
  this.seq().obj(this.key('name').objid(), this.key('value').any());
});

const Pdu = asn1.define('PDU', function () {
  this.seq().obj(
    this.key('requestId').int(),
    this.key('errorStatus').int(),
    this.key('errorIndex').int(),
    this.key('varBinds').seqof(VarBind),
  );
});

const Pdus = asn1.define<RawPdus>('PDUs', function () {
  this.choice({ inform: this.implicit(6).use(Pdu), trap: this.implicit(7).use(Pdu) });
});

const Version = asn1.define<{ readonly version: BigNumber }>('Version', function () {
  this.seq().obj(this.key('version').int(), this.key('second').any(), this.key('rest').any());
});

const CommunityMessage = asn1.define<{ readonly data: RawPdus }>('Message', function () {
  this.seq().obj(this.key('version').int(), this.key('community').octstr(), this.key('data').use(Pdus));
});

const HeaderData = asn1.define('HeaderData', function () {
  this.seq().obj(
    this.key('msgID').int(),
    this.key('msgMaxSize').int(),
    this.key('msgFlags').octstr(),
    this.key('msgSecurityModel').int(),
  );
});

const ScopedPdu = asn1.define('ScopedPDU', function () {
  this.seq().obj(
    this.key('contextEngineID').octstr(),
    this.key('contextName').octstr(),
    this.key('data').use(Pdus),
  );
});

/** Without privacy: the scoped PDU is in plain text. */
const V3Message = asn1.define<{ readonly scopedPdu: { readonly data: RawPdus } }>(
  'SNMPv3Message',
  function () {
    this.seq().obj(
      this.key('msgVersion').int(),
      this.key('msgGlobalData').use(HeaderData),
      this.key('msgSecurityParameters').octstr(),
      this.key('scopedPdu').use(ScopedPdu),
    );
  },
);

type Value = BigNumber | Buffer | readonly number[] | null;

/** The alternatives of ObjectSyntax and SimpleSyntax by their identifier octet (RFC 2578 section 7.1). */
const syntaxes: ReadonlyMap<number, readonly [DecodedVarBind['type'], Entity<Value>]> = new Map([
  [0x02, ['Integer32', plain('INTEGER', 'int')]],
  [0x04, ['OctetString', plain('OCTET STRING', 'octstr')]],
  [0x05, ['Null', plain('NULL', 'null_')]],
  [0x06, ['ObjectIdentifier', plain('OBJECT IDENTIFIER', 'objid')]],
  [0x40, ['IpAddress', application('IpAddress', 0, 'octstr')]],
  [0x41, ['Counter32', application('Counter32', 1, 'int')]],
  [0x42, ['Gauge32', application('Gauge32', 2, 'int')]],
  [0x43, ['TimeTicks', application('TimeTicks', 3, 'int')]],
  [0x44, ['Opaque', application('Opaque', 4, 'octstr')]],
  [0x46, ['Counter64', application('Counter64', 6, 'int')]],
]);

/** Decodes a notification as it came in one datagram; throws if it is not one. */
export function decodeNotification(datagram: Buffer): DecodedMessage {
  const version = Version.decode(datagram, 'der').version.toString(10);
  const isV3 = version === '3';
  const { type, value } = isV3
    ? V3Message.decode(datagram, 'der').scopedPdu.data
    : CommunityMessage.decode(datagram, 'der').data;
  return {
    version: isV3 ? 'v3' : 'v2c',
    pdu: type === 'inform' ? 'inform' : 'trap',
    requestId: value.requestId.toString(10),
    errorStatus: value.errorStatus.toString(10),
    errorIndex: value.errorIndex.toString(10),
    varBinds: value.varBinds.map(({ name, value: raw }) => ({ oid: name.join('.'), ...decodeValue(raw) })),
  };
}

function decodeValue(raw: Buffer): Omit<DecodedVarBind, 'oid'> {
  const syntax = syntaxes.get(raw[0] ?? 0);
  if (syntax === undefined) throw new Error(`no syntax has the identifier octet ${raw[0]}`);
  const [type, entity] = syntax;
  const value = entity.decode(raw, 'der');
  if (value === null) return { type, text: '', octets: undefined };
  if (Buffer.isBuffer(value)) return { type, text: undefined, octets: value };
  return { type, text: isOid(value) ? value.join('.') : value.toString(10), octets: undefined };
}

function isOid(value: Exclude<Value, null>): value is readonly number[] {
  return Array.isArray(value);
}

function plain(name: string, kind: 'int' | 'octstr' | 'objid' | 'null_'): Entity<Value> {
  return asn1.define<Value>(name, function () {
    this[kind]();
  });
}

/** asn1.js compares the number of a tag and not its class; the class is what the map above is for. */
function application(name: string, tag: number, kind: 'int' | 'octstr'): Entity<Value> {
  return asn1.define<Value>(name, function () {
    this.implicit(tag)[kind]();
  });
}
