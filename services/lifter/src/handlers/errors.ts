/** Thrown by a handler for which another attempt would end the same: the job fails now. */
export class FinalError extends Error {
  override readonly name = 'FinalError';
}

/** Thrown by a handler that cannot do this job here: another lifter gets it, at no cost of an attempt. */
export class ReleaseError extends Error {
  override readonly name = 'ReleaseError';
}

// By name: a handler's package may bring its own copy of this module.
export const isFinalError = (error: unknown): boolean => hasName(error, 'FinalError');
export const isReleaseError = (error: unknown): boolean => hasName(error, 'ReleaseError');

function hasName(error: unknown, name: string): boolean {
  try {
    return error instanceof Error && error.name === name;
  } catch {
    // What is thrown may throw when it is looked at.
    return false;
  }
}
