import type { Count, Percent } from '../../../model/scalar-types.ts';
import type { Vcpu, VcpuPin } from '../../../model/vcpu.ts';
import { nsToUs } from '../../decode/arithmetic.ts';
import type { VcpuSample } from '../../decode/samples/vcpu-sample.ts';
import type { RuntimeFacts } from '../domain-record.ts';

const states = ['offline', 'running', 'blocked'] as const;

/** A vCPU of an active domain. */
export class VcpuRow implements Vcpu {
  readonly hostCpu: number | undefined;
  readonly pin: VcpuPin | undefined;
  readonly #sample: VcpuSample;

  constructor(sample: VcpuSample, { pins, hostCpus }: RuntimeFacts) {
    this.hostCpu = hostCpus?.get(sample.number);
    this.#sample = sample;
    this.pin = pins?.vcpus.get(sample.number);
  }

  get index(): number {
    return this.#sample.number + 1;
  }

  get number(): number {
    return this.#sample.number;
  }

  get state(): Vcpu['state'] {
    const code = this.#sample.state;
    return code === undefined ? undefined : (states[code] ?? 'other');
  }

  get timeUs(): Count | undefined {
    return nsToUs(this.#sample.timeNs);
  }

  get percent(): Percent | undefined {
    return this.#sample.percent;
  }

  get waitUs(): Count | undefined {
    return nsToUs(this.#sample.waitNs);
  }

  get delayUs(): Count | undefined {
    return nsToUs(this.#sample.delayNs);
  }

  get halted(): boolean | undefined {
    return this.#sample.halted;
  }
}
