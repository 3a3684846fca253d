import type { NumaCell } from '../../model/host.ts';
import type { TableBinding } from '../bind.ts';

/** The NUMA cells of the host, by number + 1. */
export const numaTable: TableBinding<'lveNumaTable', NumaCell> = {
  table: 'lveNumaTable',
  source: (snapshot) => snapshot.host.cells,
  rows: (snapshot, add) => {
    for (const cell of snapshot.host.cells) add(cell, cell.cell + 1);
  },
  columns: {
    lveNumaCell: (cell) => cell.cell,
    lveNumaMemTotal: (cell) => cell.memTotalBytes,
    lveNumaMemFree: (cell) => cell.memFreeBytes,
    lveNumaCpus: (cell) => cell.cpus,
    lveNumaRowName: ({ cell }) => `node${cell}`,
  },
};
