// Jobs of domains and of their disks, each list in the order of libvirt's numbers.

/** virDomainJobType */
export const jobTypes = ['none', 'bounded', 'unbounded', 'completed', 'failed', 'cancelled'] as const;

/** virDomainJobOperation */
export const jobOperations = [
  'unknown',
  'start',
  'save',
  'restore',
  'migrationIn',
  'migrationOut',
  'snapshot',
  'snapshotRevert',
  'dump',
  'backup',
  'snapshotDelete',
] as const;

/** virDomainBlockJobType */
export const blockJobTypes = ['unknown', 'pull', 'copy', 'commit', 'activeCommit', 'backup'] as const;

/** virConnectDomainEventBlockJobStatus */
export const blockJobStatus = ['completed', 'failed', 'canceled', 'ready'] as const;
