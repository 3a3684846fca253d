import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';

/** A module, as `smidump -f xml` (libsmi) prints it. Only what the generator reads is described. */
export interface SmiModule {
  readonly module: { readonly name: string; readonly identity?: { readonly node: string } };
  readonly typedefs?: { readonly typedef?: readonly SmiTypedef[] };
  readonly nodes?: {
    readonly node?: readonly SmiNode[];
    readonly scalar?: readonly SmiObject[];
    readonly table?: readonly SmiTable[];
  };
  readonly notifications?: { readonly notification?: readonly SmiNotification[] };
}

export interface SmiNode {
  readonly name: string;
  readonly oid: string;
}

export interface SmiReference {
  readonly module: string;
  readonly name: string;
}

export interface SmiTypedef {
  readonly name?: string;
  readonly basetype: string;
  readonly parent?: SmiReference;
  readonly range?: readonly { readonly min: string; readonly max: string }[];
  readonly namednumber?: readonly { readonly name: string; readonly number: string }[];
  readonly format?: string;
}

export interface SmiObject extends SmiNode {
  readonly syntax: { readonly type?: SmiReference; readonly typedef?: SmiTypedef };
  readonly access: 'noaccess' | 'notifyonly' | 'readonly' | 'readwrite';
  readonly units?: string;
  readonly description: string;
}

export interface SmiTable extends SmiNode {
  readonly description: string;
  readonly row: SmiNode & {
    readonly linkage: { readonly index: readonly (SmiReference & { readonly implied?: string })[] };
    readonly column: readonly SmiObject[];
  };
}

export interface SmiNotification extends SmiNode {
  readonly objects?: { readonly object: readonly SmiReference[] };
  readonly description: string;
}

const lists = new Set([
  'typedef',
  'range',
  'namednumber',
  'node',
  'scalar',
  'table',
  'index',
  'column',
  'notification',
  'object',
]);

/**
 * Runs `smidump -f xml` on a module, searching `directories` only.
 * @throws if smidump is missing or cannot read the module.
 */
export function readModule(module: string, directories: readonly string[]): SmiModule {
  const scratch = mkdtempSync(join(tmpdir(), 'smidump-'));
  try {
    const config = join(scratch, 'smi.conf');
    writeFileSync(config, `path ${directories.join(delimiter)}\n`);
    const { stdout, stderr, error } = spawnSync('smidump', ['-c', config, '-f', 'xml', module], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    if (error !== undefined) throw error;
    const parser = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: '',
      parseTagValue: false,
      parseAttributeValue: false,
      isArray: (name, path, _isLeaf, isAttribute) =>
        !isAttribute && lists.has(name) && !String(path).endsWith('.syntax.typedef'),
    });
    const parsed: { readonly smi?: SmiModule } = parser.parse(stdout);
    if (parsed.smi?.module.name !== module) {
      throw new Error(`smidump cannot read ${module}: ${stderr}`);
    }
    return parsed.smi;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
