import { parse } from 'smol-toml';
import { z } from 'zod';
import { type AgentxAddress, parseAgentxAddress } from '../agentx/address.ts';
import { errorText } from '../errors.ts';
import { type LibvirtUri, readLibvirtUri } from '../libvirt/uri.ts';
import type { EventKind } from '../model/event.ts';
import { type HttpAddress, parseHttpAddress } from '../web/http-address.ts';
import { type EventName, eventKindByName } from './event-names.ts';
import {
  isStatSelector,
  resolveSelectors,
  type SelectorWord,
  type StatSelector,
  selectorSets,
  statSelectorNames,
} from './selectors.ts';
import type { Kind } from './setting.ts';
import { didYouMean } from './suggest.ts';

const unitSeconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds as a number, or a text such as "10s", "5m", "1h". */
const duration = z.union([z.number(), z.string()]).transform((value, context) => {
  if (typeof value === 'number') return value;
  const [, digits, unit = 's'] = /^(\d{1,9}(?:\.\d{1,6})?)\s*(ms|s|m|h|d)?$/.exec(value.trim()) ?? [];
  if (digits !== undefined) return Number(digits) * (unitSeconds[unit] ?? 1);
  context.addIssue({ code: 'invalid_format', format: 'duration' });
  return z.NEVER;
});

/** A time in seconds, fractions included. */
export function fractionalSeconds(min: number, max: number): Kind<number, number | string> {
  return {
    schema: duration.refine((seconds) => seconds >= min && seconds <= max, notAllowed),
    allowed: `${min} to ${max} seconds, as a number or a text such as "500ms" or "3s"`,
    unit: 'seconds',
    fromText: numberFromText,
  };
}

/** A time in whole seconds: what the MIB shows in seconds. */
export function wholeSeconds(min: number, max: number): Kind<number, number | string> {
  return {
    schema: duration.refine(
      (seconds) => Number.isInteger(seconds) && seconds >= min && seconds <= max,
      notAllowed,
    ),
    allowed: `${min} to ${max} whole seconds, as a number or a text such as "90s", "5m" or "1h"`,
    unit: 'seconds',
    fromText: numberFromText,
  };
}

/** A time in whole seconds, or 0 for never. */
export function secondsOrNever(min: number, max: number): Kind<number, number | string> {
  return {
    schema: duration.refine(
      (seconds) => seconds === 0 || (Number.isInteger(seconds) && seconds >= min && seconds <= max),
      notAllowed,
    ),
    allowed: `0, or ${min} to ${max} whole seconds, as a number or a text such as "5m" or "1h"`,
    unit: 'seconds',
    fromText: numberFromText,
  };
}

/** A whole number within limits. */
export function integer(min: number, max: number, unit?: string): Kind<number> {
  return {
    schema: z.number().int().min(min).max(max),
    allowed: `a whole number from ${min} to ${max}`,
    ...(unit === undefined ? {} : { unit }),
    fromText: numberFromText,
  };
}

/** true or false. */
export function flag(): Kind<boolean> {
  return { schema: z.boolean(), allowed: 'true or false', fromText: flagFromText };
}

/** One of a few words. */
export function choice<const W extends readonly [string, ...string[]]>(words: W): Kind<W[number]> {
  return {
    schema: z.enum(words) as unknown as z.ZodType<W[number], unknown>,
    allowed: `one of ${words.map((word) => `"${word}"`).join(', ')}`,
    fromText: (text) => text,
  };
}

/** Some of a few words. */
export function choices<const W extends readonly [string, ...string[]]>(
  words: W,
): Kind<readonly W[number][], readonly W[number][]> {
  return {
    schema: z.array(z.enum(words) as unknown as z.ZodType<W[number], unknown>).max(100),
    allowed: `a list of ${words.map((word) => `"${word}"`).join(', ')}`,
    fromText: listFromText,
  };
}

/** An absolute path. */
export function absolutePath(): Kind<string> {
  return {
    schema: z
      .string()
      .max(4000)
      .regex(/^\/[^\0]*$/),
    allowed: 'an absolute path',
    fromText: (text) => text,
  };
}

/** A libvirt connection URI, as {@link readLibvirtUri} reads it. */
export function libvirtUri(): Kind<LibvirtUri, string> {
  return {
    schema: parsedBy((text) => {
      if (text.trim() === '') throw new RangeError('must not be empty');
      return readLibvirtUri(text);
    }),
    allowed: 'a libvirt connection URI such as "qemu:///system"',
    fromText: (text) => text,
  };
}

/** Where the AgentX master listens, as {@link parseAgentxAddress} reads it. */
export function agentxAddress(): Kind<AgentxAddress, string> {
  return {
    schema: parsedBy(parseAgentxAddress),
    allowed: '"unix:/path/of/socket" or "tcp:host:port"',
    fromText: (text) => text,
  };
}

/** Where HTTP is served, as {@link parseHttpAddress} reads it; an empty text is nowhere. */
export function httpAddress(): Kind<HttpAddress | undefined, string> {
  return {
    schema: parsedBy(parseHttpAddress),
    allowed: '"host:port", "[address]:port", "unix:/path/of/socket", or "" for none',
    fromText: (text) => text,
  };
}

/** An absolute path, or an empty text for no file. */
export function optionalPath(): Kind<string> {
  return {
    schema: z
      .string()
      .max(4000)
      .regex(/^(\/[^\0]*)?$/),
    allowed: 'an absolute path, or "" for none',
    fromText: (text) => text,
  };
}

/** One host by name or address, or an empty text for none. */
export function optionalHost(): Kind<string> {
  return {
    schema: z.string().regex(/^([\w.-]{1,253}|[0-9A-Fa-f:.]+)?$/),
    allowed: 'a host name or address without a port, or "" for none',
    fromText: (text) => text,
  };
}

/** The URL of an HTTP server without user information, or an empty text for none. */
export function optionalUrl(): Kind<string> {
  return {
    schema: z
      .string()
      .max(2000)
      .refine((text) => {
        if (text === '') return true;
        const url = URL.canParse(text) ? new URL(text) : undefined;
        const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
        return isHttp && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
      }, notAllowed),
    allowed: 'an http:// or https:// URL without user, query and fragment, or "" for none',
    fromText: (text) => text,
  };
}

/** A line of text. */
export function line(maxLength: number): Kind<string> {
  return {
    schema: z
      .string()
      .max(maxLength)
      .regex(/^[^\p{Cc}]*$/u),
    allowed: `a text of at most ${maxLength} characters on one line`,
    fromText: (text) => text,
  };
}

/** Names of hosts, as a browser or a client sends them. */
export function hostNames(): Kind<readonly string[], readonly string[]> {
  return {
    schema: z.array(z.string().regex(/^(\[[0-9A-Fa-f:.]+\]|[\w.-]{1,253})$/)).max(100),
    allowed: 'a list of host names or addresses without ports',
    fromText: listFromText,
  };
}

/** Names of SNMP contexts (RFC 3411: at most 32 octets; the empty name is the default context). */
export function contextNames(): Kind<readonly string[], readonly string[]> {
  const name = z.string().refine((text) => text !== '' && Buffer.byteLength(text) <= 32, notAllowed);
  return {
    schema: z.array(name).max(16),
    allowed: 'a list of at most 16 context names of 1 to 32 octets each',
    fromText: listFromText,
  };
}

/** Up to the 128 sub-identifiers an OID may have, with room left for tables and indexes. */
const maxRootSubIds = 64;

/** An OBJECT IDENTIFIER in dotted numbers. */
export function oid(): Kind<readonly number[], string> {
  return {
    schema: z.string().transform((text, context): readonly number[] => {
      const subIds = text.replace(/^\./, '').split('.').map(Number);
      const [first = 0, second = 0] = subIds;
      const valid =
        /^\.?\d{1,10}(\.\d{1,10})+$/.test(text) &&
        subIds.length <= maxRootSubIds &&
        first <= 2 &&
        (first === 2 || second < 40) &&
        subIds.every((subId) => subId <= 0xffff_ffff);
      if (valid) return subIds;
      context.addIssue({ code: 'invalid_format', format: 'oid' });
      return z.NEVER;
    }),
    allowed: `an OID of at most ${maxRootSubIds} numbers in quotes, such as "1.3.6.1.4.1.99999.1"`,
    fromText: (text) => text,
  };
}

/** Regular expressions, searched anywhere in a text. */
export function patterns(): Kind<readonly RegExp[], readonly string[]> {
  const pattern = z
    .string()
    .max(1000)
    .transform((source, context): RegExp => {
      try {
        return new RegExp(source);
      } catch (error) {
        const reason = errorText(error).replace(/^.*: /, '').toLowerCase();
        const message = `${JSON.stringify(source)} is not a regular expression: ${reason}`;
        context.addIssue({ code: 'custom', message });
        return z.NEVER;
      }
    });
  return {
    schema: z.array(pattern).max(200),
    allowed: 'a list of regular expressions in quotes',
    fromText: patternsFromText,
  };
}

/** Selectors of statistics; see {@link resolveSelectors}. */
export function selectors(): Kind<readonly StatSelector[], readonly SelectorWord[]> {
  const known = [...statSelectorNames, ...Object.keys(selectorSets)];
  const word = z.string().superRefine((text, context) => {
    const name = text.replace(/^-/, '');
    if (isStatSelector(name) || Object.hasOwn(selectorSets, name)) return;
    const message = `unknown selector ${JSON.stringify(text)}${didYouMean(name, known)}`;
    context.addIssue({ code: 'custom', message });
  });
  return {
    schema: z.array(word).max(200).transform(resolveSelectors),
    allowed: 'a list of selectors',
    fromText: listFromText,
  };
}

/** Kinds of events by the names of the documentation. */
export function eventNames(): Kind<ReadonlySet<EventKind>, readonly EventName[]> {
  const name = z.string().transform((text, context): EventKind => {
    const kind = eventKindByName.get(text);
    if (kind !== undefined) return kind;
    const message = `unknown event ${JSON.stringify(text)}${didYouMean(text, eventKindByName.keys())}`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
  return {
    schema: z
      .array(name)
      .max(200)
      .transform((kinds) => new Set(kinds)),
    allowed: 'a list of event names',
    fromText: listFromText,
  };
}

/** The words used are those of the kind; zod only needs to know that there is an issue. */
const notAllowed = { error: 'not allowed' };

function parsedBy<Value>(parse: (text: string) => Value): z.ZodType<Value, string> {
  return z
    .string()
    .max(4000)
    .transform((text, context) => {
      try {
        return parse(text);
      } catch (error) {
        context.addIssue({ code: 'custom', message: errorText(error) });
        return z.NEVER;
      }
    });
}

function numberFromText(text: string): unknown {
  return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
}

const flagWords: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
};

function flagFromText(text: string): unknown {
  return flagWords[text.trim().toLowerCase()] ?? text;
}

/** Words between commas or spaces, or a list as the file has it. What only begins like one is none. */
function listFromText(text: string): unknown {
  return text.trim().startsWith('[') ? (textsOf(text) ?? text) : wordsOf(text);
}

/** A regular expression may begin with a bracket as well. */
function patternsFromText(text: string): unknown {
  return textsOf(text) ?? wordsOf(text);
}

function wordsOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

/** The texts of a TOML list; undefined if it is none. */
function textsOf(text: string): readonly unknown[] | undefined {
  try {
    const { list } = parse(`list = ${text}`);
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : undefined;
  } catch {
    return undefined;
  }
}
