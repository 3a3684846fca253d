/** One virtual network (lveNetTable). */
export interface Network {
  readonly index: number;
  readonly name: string;
  readonly uuid: string;
  readonly active: boolean | undefined;
  readonly autostart: boolean | undefined;
  readonly bridge: string | undefined;
  readonly forward: string | undefined;
  readonly leases: number | undefined;
  readonly ports: number | undefined;
}
