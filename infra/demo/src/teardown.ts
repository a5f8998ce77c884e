import { messageOf } from './errors.js';

/** What has been started and must be ended, the last first. */
export interface Teardown {
  /** Names what it ends, for the message should it fail. */
  add(name: string, end: () => Promise<void>): void;
  /** Ends everything, whatever fails on the way. @returns a line for each failure */
  run(): Promise<string[]>;
}

export function createTeardown(): Teardown {
  const steps: { readonly name: string; readonly end: () => Promise<void> }[] = [];
  return {
    add(name, end) {
      steps.push({ name, end });
    },
    async run() {
      const failures: string[] = [];
      for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
        try {
          await step.end();
        } catch (error) {
          failures.push(`Could not stop ${step.name}: ${messageOf(error)}`);
        }
      }
      return failures;
    },
  };
}
