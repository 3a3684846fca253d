import type { LibvirtEvent } from '../libvirt/events.ts';
import { findParam, type TypedParams } from '../libvirt/typed-params.ts';
import {
  agentReasons,
  agentStates,
  diskChangeReasons,
  graphicsPhases,
  ioErrorActions,
  memoryFailureActions,
  memoryFailureFlags,
  memoryFailureRecipients,
  metadataTypes,
  trayChangeReasons,
  watchdogActions,
} from '../libvirt-enums/domain-event.ts';
import { blockJobStatus, blockJobTypes, jobOperations } from '../libvirt-enums/domain-job.ts';
import {
  closeReasons,
  networkLifecycleEvents,
  poolLifecycleEvents,
} from '../libvirt-enums/infrastructure.ts';
import type { EventKind } from '../model/event.ts';
import type { Pool } from '../model/pool.ts';
import type { Count } from '../model/scalar-types.ts';
import type { EventDescription, EventEffect, EventSubject } from './event-description.ts';
import { lifecycleOf } from './lifecycle.ts';

/** What {@link describeEvent} puts in the terms of the event log. */
export type { LibvirtEvent } from '../libvirt/events.ts';

/** Where an event reads otherwise than libvirt's name. */
const blockJobWords: Readonly<Record<string, string>> = { activeCommit: 'active commit' };
const closeWords: Readonly<Record<string, string>> = { eof: 'end of file' };
const agentReasonWords: Readonly<Record<(typeof agentReasons)[number], string>> = {
  unknown: '',
  domainStarted: 'the domain was started',
  channel: 'the channel changed',
};

/** The state of a pool after what happened to it. */
const poolStateAfter: Readonly<Record<string, Pool['state']>> = { started: 'running', stopped: 'inactive' };

const maxTunables = 8;

/**
 * A libvirt event in the terms of the event log: name, text with what is known of devices and sources, and
 * what follows from it. Undefined for an event that libvirt also sends in a better form.
 */
export function describeEvent(event: LibvirtEvent): EventDescription | undefined {
  switch (event.type) {
    case 'lifecycle': {
      const lifecycle = lifecycleOf(event.event, event.detail);
      return {
        kind: lifecycle.kind,
        detail: event.detail,
        name: lifecycle.name,
        text: lifecycle.text,
        subject: domainOf(event),
        effect: { type: 'lifecycle', lifecycle },
      };
    }
    // libvirt sends each of these a second time with the reason, as ioErrorReason.
    case 'ioError':
      return undefined;
    case 'blockJob':
      return describeBlockJob(event);
    case 'agentLifecycle':
      return describeAgent(event);
    case 'jobCompleted':
      return describeJob(event);
    case 'blockThreshold':
      return describeThreshold(event);
    case 'storagePoolLifecycle': {
      const what = nameOf(poolLifecycleEvents, event.event);
      const state = poolStateAfter[what];
      return {
        kind: 'poolState',
        detail: event.event,
        name: `poolState/${what}`,
        text: `pool ${event.pool.name} ${what}`,
        subject: { type: 'pool', name: event.pool.name, uuid: event.pool.uuid },
        effect: state === undefined ? undefined : { type: 'poolState', state },
      };
    }
    case 'storagePoolRefresh':
      return {
        kind: 'poolState',
        detail: poolLifecycleEvents.length,
        name: 'poolState/refreshed',
        text: `pool ${event.pool.name} refreshed`,
        subject: { type: 'pool', name: event.pool.name, uuid: event.pool.uuid },
        effect: undefined,
      };
    case 'networkLifecycle': {
      const what = nameOf(networkLifecycleEvents, event.event);
      return {
        kind: 'networkState',
        detail: event.event,
        name: `networkState/${what}`,
        text: `network ${event.network.name} ${what}`,
        subject: { type: 'network', name: event.network.name, uuid: event.network.uuid },
        effect: undefined,
      };
    }
    case 'connectionClosed':
      return plain(
        'other',
        event.reason,
        'connectionClosed',
        `libvirt lost the daemon behind it: ${nameOf(closeReasons, event.reason, closeWords)}`,
        undefined,
      );
    case 'unknown':
      return plain('other', 0, 'unknown', `message ${event.procedure} of a newer libvirt`, undefined);
    default: {
      const { detail, name, text } = describeSimple(event);
      return plain(event.type, detail, name, text, domainOf(event));
    }
  }
}

type Simple = Exclude<
  LibvirtEvent,
  {
    readonly type:
      | 'lifecycle'
      | 'ioError'
      | 'blockJob'
      | 'agentLifecycle'
      | 'jobCompleted'
      | 'blockThreshold'
      | 'storagePoolLifecycle'
      | 'storagePoolRefresh'
      | 'networkLifecycle'
      | 'connectionClosed'
      | 'unknown';
  }
>;

/** Events about a domain from which nothing but their entry in the log follows. */
function describeSimple(event: Simple): {
  readonly detail: number;
  readonly name: string;
  readonly text: string;
} {
  const { type } = event;
  const only = (text: string) => ({ detail: 0, name: type, text });
  const named = (detail: number, names: readonly string[], text: string) => ({
    detail,
    name: `${type}/${nameOf(names, detail)}`,
    text,
  });
  switch (type) {
    case 'reboot':
      return only('the guest rebooted');
    case 'rtcChange':
      return only(`the guest's clock is ${event.offsetSec} s from UTC`);
    case 'watchdog':
      return named(
        event.action,
        watchdogActions,
        `the watchdog expired; action: ${nameOf(watchdogActions, event.action)}`,
      );
    case 'ioErrorReason': {
      const action = nameOf(ioErrorActions, event.action);
      const reason = event.reason === '' ? '' : `: ${event.reason === 'enospc' ? 'no space' : event.reason}`;
      return named(
        event.action,
        ioErrorActions,
        `I/O error on ${event.path} (${event.alias})${reason}; action: ${action}`,
      );
    }
    case 'graphics': {
      const phase = nameOf(graphicsPhases, event.phase);
      return named(
        event.phase,
        graphicsPhases,
        `graphics client ${event.remote.node}:${event.remote.service} ${phase}`,
      );
    }
    case 'controlError':
      return only('the control interface of the hypervisor failed');
    case 'diskChange':
      return named(
        event.reason,
        diskChangeReasons,
        `source of ${event.alias} changed from ${event.oldPath ?? 'none'} to ${event.newPath ?? 'none'}`,
      );
    case 'trayChange':
      return named(
        event.reason,
        trayChangeReasons,
        `tray of ${event.alias}: ${nameOf(trayChangeReasons, event.reason)}`,
      );
    case 'pmWakeup':
      return only('the guest woke up');
    case 'pmSuspend':
      return only('the guest suspended itself to memory');
    case 'pmSuspendDisk':
      return only('the guest suspended itself to disk');
    case 'balloonChange':
      return only(`memory balloon: ${event.actual} KiB`);
    case 'deviceAdded':
      return only(`device ${event.alias} added`);
    case 'deviceRemoved':
      return only(`device ${event.alias} removed`);
    case 'deviceRemovalFailed':
      return only(`device ${event.alias} could not be removed`);
    case 'tunable':
      return only(`limits changed: ${tunablesText(event.params)}`);
    case 'migrationIteration':
      return { ...only(`migration iteration ${event.iteration}`), detail: event.iteration };
    case 'metadataChange': {
      const what = nameOf(metadataTypes, event.metadataType);
      const uri = event.namespaceUri === undefined ? '' : ` ${event.namespaceUri}`;
      return named(event.metadataType, metadataTypes, `metadata changed: ${what}${uri}`);
    }
    case 'memoryFailure': {
      const recipient = nameOf(memoryFailureRecipients, event.recipient);
      const again = event.flags & memoryFailureFlags.recursive ? ', while an earlier one was handled' : '';
      return named(
        event.action,
        memoryFailureActions,
        `uncorrected memory error in the ${recipient}${again}; action: ${nameOf(memoryFailureActions, event.action)}`,
      );
    }
    case 'memoryDeviceSizeChange':
      return only(`memory device ${event.alias}: ${event.sizeKib} KiB`);
    case 'nicMacChange':
      return only(`MAC address of ${event.alias} changed from ${event.oldMac} to ${event.newMac}`);
  }
}

function describeBlockJob(
  event: Extract<LibvirtEvent, { readonly type: 'blockJob' }>,
): EventDescription | undefined {
  // Without a target it is the older form of an event that also comes with one.
  if (event.dst === undefined) return undefined;
  const status = nameOf(blockJobStatus, event.status);
  const text = `block job ${nameOf(blockJobTypes, event.jobType, blockJobWords)} on ${event.dst} ${status}`;
  return plain('blockJob2', event.status, `blockJob2/${status}`, text, domainOf(event));
}

function describeAgent(event: Extract<LibvirtEvent, { readonly type: 'agentLifecycle' }>): EventDescription {
  const state = nameOf(agentStates, event.state);
  const reason = agentReasonWords[agentReasons[event.reason] ?? 'unknown'];
  const effect: EventEffect | undefined =
    state === 'connected' || state === 'disconnected' ? { type: 'agent', state } : undefined;
  return {
    kind: 'agentLifecycle',
    detail: event.state,
    name: `agentLifecycle/${state}`,
    text: `guest agent ${state}${reason === '' ? '' : `: ${reason}`}`,
    subject: domainOf(event),
    effect,
  };
}

function describeJob(event: Extract<LibvirtEvent, { readonly type: 'jobCompleted' }>): EventDescription {
  const operationCode = numberOf(findParam(event.params, 'operation')) ?? 0;
  const operation = jobOperations[operationCode] ?? 'other';
  const stated = findParam(event.params, 'success');
  const elapsedMs = countOf(findParam(event.params, 'time_elapsed'));
  const message = findParam(event.params, 'errmsg');
  const errorText = typeof message === 'string' ? message : '';
  // libvirt states the success of a backup only; of other jobs it gives a message if they failed.
  const success = typeof stated === 'boolean' ? stated : errorText === '';
  const failed = !success;
  const took = elapsedMs === undefined ? '' : ` after ${elapsedMs} ms`;
  return {
    kind: 'jobCompleted',
    detail: operationCode,
    name: `jobCompleted/${failed ? 'failed' : 'completed'}`,
    text: `job ${operation} ${failed ? 'failed' : 'completed'}${took}${errorText === '' ? '' : `: ${errorText}`}`,
    subject: domainOf(event),
    effect: {
      type: 'job',
      operation,
      success,
      elapsedMs,
      errorText,
    },
  };
}

function describeThreshold(
  event: Extract<LibvirtEvent, { readonly type: 'blockThreshold' }>,
): EventDescription {
  return {
    kind: 'blockThreshold',
    detail: 0,
    name: 'blockThreshold',
    text: `write threshold of ${event.dev} (${event.threshold} bytes) exceeded by ${event.excess} bytes`,
    subject: domainOf(event),
    effect: {
      type: 'blockThreshold',
      // The number in brackets is an image of the backing chain; the disk is the same.
      target: event.dev.replace(/\[\d+\]$/, ''),
      source: event.path ?? '',
      thresholdBytes: event.threshold,
      excessBytes: event.excess,
    },
  };
}

function plain(
  kind: EventKind,
  detail: number,
  name: string,
  text: string,
  subject: EventSubject | undefined,
): EventDescription {
  return { kind, detail: Math.max(0, detail), name, text, subject, effect: undefined };
}

function domainOf(event: {
  readonly domain: { readonly name: string; readonly uuid: string };
}): EventSubject {
  return { type: 'domain', name: event.domain.name, uuid: event.domain.uuid };
}

/** @param words - for names that read otherwise. */
function nameOf(
  names: readonly string[],
  code: number,
  words: Readonly<Record<string, string>> = {},
): string {
  const name = names[code] ?? String(code);
  return words[name] ?? name;
}

function tunablesText(params: TypedParams): string {
  const shown = params.names
    .slice(0, maxTunables)
    .map((name, at) => `${name.text}=${String(params.values[at])}`);
  const more = params.names.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function countOf(value: unknown): Count | undefined {
  return typeof value === 'number' || typeof value === 'bigint' ? value : undefined;
}
