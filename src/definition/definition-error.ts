import { DaemonError } from '../errors.ts';

/** A definition (XML) that libvirt sent cannot be read; it costs only the data of that one object. */
export class DefinitionError extends DaemonError {
  constructor(message: string, options?: ErrorOptions) {
    super('PROTOCOL_ERROR', message, options);
  }
}
