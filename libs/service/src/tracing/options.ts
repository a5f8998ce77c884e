import { type Config, optional } from '../config/option.js';
import { headers, matching, text } from '../config/values.js';

/** The standard's own names: https://opentelemetry.io/docs/specs/otel/protocol/exporter/ */
export const tracingOptions = {
  OTEL_EXPORTER_OTLP_ENDPOINT: optional({
    description: 'Where spans are exported to, by OTLP over HTTP; /v1/traces is added.',
    type: matching(/^https?:\/\/[^\s?#]+$/, 'a URL such as http://127.0.0.1:4318'),
    otherwise: 'none are made',
  }),
  OTEL_EXPORTER_OTLP_HEADERS: optional({
    description: 'Headers to send along, as NAME=VALUE,NAME=VALUE, percent-encoded.',
    type: headers(),
    secret: true,
    otherwise: 'none',
  }),
  OTEL_SERVICE_NAME: optional({
    description: 'As what this service stands in the traces.',
    type: text('a name'),
    otherwise: 'heavylift- and the name of the service',
  }),
};

export type TracingConfig = Config<typeof tracingOptions>;
