/**
 * Reading what the net-snmp tools print with `-Onex`: numeric OIDs, numeric enumerations, every string in
 * hexadecimal, so that no octet is lost and no MIB is needed.
 */

export interface PrintedVarBind {
  /** Numeric, without a leading dot. */
  readonly oid: string;
  /**
   * `INTEGER`, `Counter32`, `Counter64`, `Gauge32`, `Timeticks`, `STRING`, `OID`, `IpAddress`, …, or an exception:
   * `noSuchObject`, `noSuchInstance`, `endOfMibView`.
   */
  readonly type: string;
  /** Digits of a number (Timeticks: hundredths of a second), an OID without a leading dot, a string as UTF-8. */
  readonly value: string;
  /** The octets of a `STRING`. */
  readonly bytes: Buffer | undefined;
}

const exceptions: ReadonlyArray<readonly [string, string]> = [
  ['No Such Object', 'noSuchObject'],
  ['No Such Instance', 'noSuchInstance'],
  ['No more variables left', 'endOfMibView'],
];

/** Parses the variable bindings in a tool's output; a long string continues on the lines after its first. */
export function parseVarBinds(text: string): readonly PrintedVarBind[] {
  const records: string[] = [];
  for (const line of text.split('\n')) {
    if (/^\.\d+(\.\d+)* = /.test(line)) records.push(line);
    else if (records.length > 0 && line !== '') records.push(`${records.pop() ?? ''} ${line}`);
  }
  return records.map(parseRecord);
}

function parseRecord(record: string): PrintedVarBind {
  const [, oid = '', printed = ''] = /^\.([\d.]+) = (.*)$/s.exec(record) ?? [];
  for (const [text, type] of exceptions) {
    if (printed.startsWith(text)) return { oid, type, value: '', bytes: undefined };
  }
  if (printed === '""') return { oid, type: 'STRING', value: '', bytes: Buffer.alloc(0) };
  const [, type = '', rest = ''] = /^([\w -]+?): ?(.*)$/s.exec(printed) ?? [];
  switch (type) {
    case 'Hex-STRING':
    case 'STRING': {
      const bytes = Buffer.from(rest.replace(/[^0-9A-Fa-f]/g, ''), 'hex');
      return { oid, type: 'STRING', value: bytes.toString('utf8'), bytes };
    }
    case 'Timeticks':
      return { oid, type, value: /^\((\d+)\)/.exec(rest)?.[1] ?? rest, bytes: undefined };
    case 'OID':
      return { oid, type, value: rest.trim().replace(/^\./, ''), bytes: undefined };
    default:
      return { oid, type, value: rest.trim(), bytes: undefined };
  }
}
