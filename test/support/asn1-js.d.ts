/** The part of asn1.js that the tests use; the package brings no types. */
declare module 'asn1.js' {
  export interface Schema {
    seq(): Schema;
    seqof(item: Entity<unknown>): Schema;
    obj(...members: readonly Schema[]): Schema;
    key(name: string): Schema;
    int(): Schema;
    octstr(): Schema;
    objid(): Schema;
    null_(): Schema;
    any(): Schema;
    choice(alternatives: Readonly<Record<string, Schema>>): Schema;
    use(entity: Entity<unknown>): Schema;
    implicit(tag: number): Schema;
  }

  export interface Entity<T> {
    decode(data: Buffer, encoding: 'der'): T;
  }

  const asn1: {
    define<T>(name: string, body: (this: Schema) => void): Entity<T>;
  };
  export default asn1;
}
