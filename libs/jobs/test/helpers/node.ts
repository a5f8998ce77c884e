import { type Ledger, openLedger, type SheetItem } from '../../src/index.js';

/** A node that takes and drops whatever it is told. */
export function createNode() {
  const items = new Map<string, SheetItem>();
  let written = 0;
  return {
    items: () => [...items.values()],
    get written() {
      return written;
    },
    flush(ledger: Ledger): SheetItem[] {
      const flushed: SheetItem[] = [];
      for (let item = ledger.nextFlush(); item !== undefined; item = ledger.nextFlush()) {
        items.set(item.id, item);
        flushed.push(item);
        written += item.sheet.jobs.length;
        ledger.confirmed(item.id);
      }
      for (let id = ledger.nextRetraction(); id !== undefined; id = ledger.nextRetraction()) {
        items.delete(id);
        ledger.retracted(id);
      }
      return flushed;
    },
  };
}

/** A ledger on an empty node, with its first sheet written. */
export function begun(node = createNode(), epoch = 1) {
  const ledger = openLedger({ epoch, items: node.items() });
  node.flush(ledger);
  return { node, ledger };
}

export const assigned = { type: 'assigned', lifter: 'lifter@x/one.1', since: 5 } as const;
