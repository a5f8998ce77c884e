import {
  defineModule,
  HealthToken,
  type Lifecycle,
  LoggerToken,
  MetricsToken,
  PubSubToken,
  ServiceContextToken,
  type ServiceParts,
  SessionPartToken,
  SessionToken,
  sessionLog,
  sessionOptions,
  sessionPart,
  TracingToken,
  token,
  xmppModule,
} from '@heavylift/service';
import { createSession, type Session, toBareJid } from '@heavylift/xmpp-pubsub';
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
      [VoiceToken, LoggerToken, ServiceContextToken, MetricsToken, HealthToken],
      (voice, log, { fail }, metrics, health) =>
        sessionPart(voice, { name: 'voice', log, onEnd: fail, watch: { metrics, health } }),
    );
    provide(
      NotifierToken,
      [
        SessionToken,
        PubSubToken,
        VoiceToken,
        LoggerToken,
        MetricsToken,
        TracingToken,
        ServiceContextToken,
      ],
      (session, pubsub, voice, log, metrics, tracing, { shutdown }) =>
        createNotifier({
          session,
          pubsub,
          voice,
          shutdown,
          nodePrefix: config.NODE_PREFIX,
          bot: toBareJid(`${config.BOT_USERNAME}@${config.XMPP_DOMAIN}`),
          lifters: config.LIFTER_ACCOUNTS,
          progressIntervalMs: config.NOTIFIER_PROGRESS_INTERVAL,
          metrics,
          tracing,
          log,
        }),
    );
  });
  return {
    modules: [xmppModule(config), module],
    start: [SessionPartToken, VoicePartToken, NotifierToken],
  };
}
