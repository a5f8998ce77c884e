/** Whether a service does its work, as its parts see it. */
export interface Health {
  /**
   * Adds a condition of being ready.
   * @param complaint what keeps it from being met, in words; undefined if nothing does
   * @returns takes the condition away
   */
  require(name: string, complaint: () => string | undefined): () => void;
  report(): HealthReport;
}

export interface HealthReport {
  readonly ready: boolean;
  /** By condition: `ok`, or what is in the way. */
  readonly conditions: Readonly<Record<string, string>>;
}

export function createHealth(): Health {
  const conditions = new Map<string, () => string | undefined>();
  return {
    require(name, complaint) {
      conditions.set(name, complaint);
      return () => {
        if (conditions.get(name) === complaint) conditions.delete(name);
      };
    },
    report() {
      const complaints = [...conditions].map(([name, complaint]) => ({ name, said: complaint() }));
      return {
        ready: complaints.every(({ said }) => said === undefined),
        conditions: Object.fromEntries(complaints.map(({ name, said }) => [name, said ?? 'ok'])),
      };
    },
  };
}
