/** Whether a service does its work, as its parts see it. */
export interface Health {
  /**
   * Adds a condition of being ready.
   * @param complaint what keeps it from being met, in words; undefined if nothing does
   * @returns takes the condition away
   */
  require(name: string, complaint: () => string | undefined): () => void;
  /**
   * Adds something that readiness does not depend on, and that whoever asks for it is told all the same.
   * @param complaint as above
   */
  note(name: string, complaint: () => string | undefined): void;
  report(): HealthReport;
}

export interface HealthReport {
  readonly ready: boolean;
  /** By condition: `ok`, or what is in the way. */
  readonly conditions: Readonly<Record<string, string>>;
}

export function createHealth(): Health {
  const conditions = new Map<string, () => string | undefined>();
  const notes = new Map<string, () => string | undefined>();
  return {
    require(name, complaint) {
      conditions.set(name, complaint);
      return () => {
        if (conditions.get(name) === complaint) conditions.delete(name);
      };
    },
    note: (name, complaint) => void notes.set(name, complaint),
    report() {
      const said = (from: typeof notes) =>
        [...from].map(([name, complaint]) => ({ name, said: complaint() }));
      const complaints = said(conditions);
      return {
        ready: complaints.every(({ said }) => said === undefined),
        conditions: Object.fromEntries(
          [...complaints, ...said(notes)].map(({ name, said }) => [name, said ?? 'ok']),
        ),
      };
    },
  };
}
