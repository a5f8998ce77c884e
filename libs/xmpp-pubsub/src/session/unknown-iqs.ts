/** Tokens of all, and of each sender: what nobody handles is answered, but not as often as anybody likes. */
export interface UnknownIqs {
  /** Whether an IQ that nobody handles is to be answered. Beyond the bound it is not: whoever floods gets no traffic for it. */
  mayAnswer(sender: string): boolean;
}

const ofEach = { burst: 50, perSecond: 5 };
const ofAll = { burst: 1_000, perSecond: 200 };
/** Senders that are remembered, at most. */
const mostSenders = 1_000;

interface Bucket {
  tokens: number;
  at: number;
}

export function boundUnknownIqs(now: () => number = () => performance.now()): UnknownIqs {
  const senders = new Map<string, Bucket>();
  const all: Bucket = { tokens: ofAll.burst, at: now() };

  function take(bucket: Bucket, { burst, perSecond }: typeof ofEach): boolean {
    const at = now();
    bucket.tokens = Math.min(burst, bucket.tokens + ((at - bucket.at) * perSecond) / 1_000);
    bucket.at = at;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  return {
    mayAnswer(sender) {
      const known = senders.get(sender);
      if (known === undefined && senders.size >= mostSenders) senders.clear();
      const bucket = known ?? { tokens: ofEach.burst, at: now() };
      senders.set(sender, bucket);
      return take(bucket, ofEach) && take(all, ofAll);
    },
  };
}
