import {
  defineModule,
  type Lifecycle,
  LoggerToken,
  PubSubToken,
  ServiceContextToken,
  type ServiceParts,
  SessionPartToken,
  SessionToken,
  sessionLog,
  sessionOptions,
  sessionPart,
  token,
  xmppModule,
} from '@heavylift/service';
import { createSession, type Session } from '@heavylift/xmpp-pubsub';
import type { NotifierConfig } from './config.js';
import { createNotifier } from './notifier.js';

const VoiceToken = token<Session>('the session that speaks as the bot');
const VoicePartToken = token<Lifecycle>('Lifecycle of the voice');
const NotifierToken = token<Lifecycle>('Notifier');

export function composeNotifier(config: NotifierConfig): ServiceParts {
  const asBot = {
    ...config,
    XMPP_USERNAME: config.BOT_USERNAME,
    XMPP_PASSWORD: config.BOT_PASSWORD,
  };
  const module = defineModule((provide) => {
    provide(VoiceToken, [LoggerToken], (log) =>
      createSession(sessionOptions(asBot, sessionLog(log))),
    );
    provide(
      VoicePartToken,
      [VoiceToken, LoggerToken, ServiceContextToken],
      (voice, log, { fail }) => sessionPart(voice, { name: 'voice', log, onEnd: fail }),
    );
    provide(
      NotifierToken,
      [SessionToken, PubSubToken, VoiceToken, LoggerToken],
      (session, pubsub, voice, log) =>
        createNotifier({
          session,
          pubsub,
          voice,
          nodePrefix: config.NODE_PREFIX,
          bot: `${config.BOT_USERNAME}@${config.XMPP_DOMAIN}`,
          lifters: config.LIFTER_ACCOUNTS,
          progressIntervalMs: config.NOTIFIER_PROGRESS_INTERVAL,
          log,
        }),
    );
  });
  return {
    modules: [xmppModule(config), module],
    start: [SessionPartToken, VoicePartToken, NotifierToken],
  };
}
