import { decodeDomain } from './object-refs.ts';
import { connectGetAllDomainStats, type DomainStatsRecord } from './procedures.ts';
import { limits, type Procedure } from './protocol.ts';
import { ParamCursor } from './typed-params.ts';

type Args = Parameters<typeof connectGetAllDomainStats.encode>[1];

type StatsCall<Params> = Procedure<Args, readonly DomainStatsRecord<Params>[]>;

/**
 * {@link connectGetAllDomainStats}, with the typed parameters of each domain decoded straight into what is
 * wanted of them: as lists they would cost more than everything else of a refresh.
 *
 * @param decodeParams - must go to the end of the parameters.
 */
export function domainStatsAs<Params>(decodeParams: (params: ParamCursor) => Params): StatsCall<Params> {
  return {
    ...connectGetAllDomainStats,
    decode: (reader) =>
      reader.array(limits.domains, 'records', (inner) => ({
        domain: decodeDomain(inner),
        params: decodeParams(new ParamCursor(inner, limits.statsParams)),
      })),
  };
}

/** The same, for groups of statistics that libvirt answers without asking the hypervisor process. */
export function monitorFreeStatsAs<Params>(decodeParams: (params: ParamCursor) => Params): StatsCall<Params> {
  return { ...domainStatsAs(decodeParams), waitsFor: 'worker', domainsOf: () => [] };
}
