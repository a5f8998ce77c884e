import { expect, it } from 'vitest';
import { createTeardown } from '../src/teardown.js';

it('ends the last first, everything whatever fails, and says what failed', async () => {
  const ended: string[] = [];
  const teardown = createTeardown();
  teardown.add('the server', async () => {
    ended.push('server');
  });
  teardown.add('the lifter', async () => {
    throw new Error('it is gone');
  });
  teardown.add('the chat', async () => {
    ended.push('chat');
  });
  expect(await teardown.run()).toEqual(['Could not stop the lifter: it is gone']);
  expect(ended).toEqual(['chat', 'server']);
  expect(await teardown.run()).toEqual([]);
  expect(ended).toEqual(['chat', 'server']);
});
