/** The routes under `/user`, and how they tell of errors. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { compile, type Hub, HubError, type Static, type TSchema, Type } from '../../core/index.ts';
import { type Detail, detailOf, InvalidField, TryLater } from './details.ts';
import { MAX_EMAIL } from './emails.ts';
import type { Logins, Registration } from './logins.ts';
import type { Options } from './options.ts';

/** Of a body, beside the further fields of an account. */
const BODY_BYTES = 16_384;
const MAX_PASSWORD = 1_024;
const tags = ['user'];

const Email = Type.String({ maxLength: MAX_EMAIL, description: 'Compared without case.' });
const Password = Type.String({ maxLength: MAX_PASSWORD });
const LoginBody = Type.Object({ email: Email, password: Password });
const ChangeBody = Type.Object({ old_password: Password, new_password: Password });
const Done = Type.Object({ message: Type.String() });
const LoggedIn = Type.Object({
  token: Type.String(),
  user: Type.Object(
    {
      id: Type.String({ pattern: '^[0-9a-f]{24}$' }),
      email: Type.String(),
      root_id: Type.String({ pattern: '^[0-9a-f]{24}$', description: 'Without the "n::" in front.' }),
    },
    { additionalProperties: true, description: 'With the further fields given at registration.' },
  ),
});
const Refused = Type.Object({ detail: Type.String() });
const Invalid = Type.Object({
  detail: Type.Array(
    Type.Object({ loc: Type.Array(Type.String()), msg: Type.String(), type: Type.String() }),
  ),
});

export async function serveUsers(hub: Hub, options: Options, logins: Logins): Promise<void> {
  const routes = async (http: FastifyInstance) => {
    http.setValidatorCompiler(({ schema }) => compile(schema as TSchema));
    http.setErrorHandler(answerError);
    http.addHook('onRoute', (route) => {
      route.bodyLimit = BODY_BYTES + options.fieldBytes;
    });
    serveRegister(http, options, logins);
    serveLogin(http, logins);
    serveLogout(http, hub, logins);
    serveChangePassword(http, hub, logins);
  };
  await hub.http.register(routes, { prefix: '/user' });
}

function serveRegister(http: FastifyInstance, { passwordLength, fieldBytes }: Options, logins: Logins): void {
  const body = Type.Object(
    { email: Email, password: Type.String({ minLength: passwordLength, maxLength: MAX_PASSWORD }) },
    {
      additionalProperties: true,
      description: `Further fields are kept, up to ${fieldBytes} bytes as JSON, and given back at login.`,
    },
  );
  const response = { 201: Done, 403: Refused, 409: Refused, 422: Invalid, 429: Refused, 503: Refused };
  const schema = { tags, summary: 'Register', body, response };
  http.post<{ Body: Registration }>('/register', { schema }, async (request, reply) => {
    await logins.register(request.body, request.ip);
    return reply.code(201).send({ message: 'Successfully Registered!' });
  });
}

function serveLogin(http: FastifyInstance, logins: Logins): void {
  const response = { 200: LoggedIn, 400: Refused, 422: Invalid, 429: Refused, 503: Refused };
  const schema = { tags, summary: 'Log in', body: LoginBody, response };
  http.post<{ Body: Static<typeof LoginBody> }>('/login', { schema }, async ({ body, ip }, reply) => {
    const { token, account } = await logins.login(body.email, body.password, ip);
    const { id, email, fields } = account;
    void reply.header('cache-control', 'no-store');
    return { token, user: { ...fields, id, email, root_id: id } };
  });
}

function serveLogout(http: FastifyInstance, hub: Hub, logins: Logins): void {
  const schema = { tags, summary: 'Log out: the token ends', response: { 200: Done, 401: Refused } };
  http.post('/logout', { schema }, async (request) => {
    await logins.logout(await hub.identity.of(request));
    return { message: 'Successfully Logged Out!' };
  });
}

function serveChangePassword(http: FastifyInstance, hub: Hub, logins: Logins): void {
  const response = { 200: Done, 400: Refused, 401: Refused, 422: Invalid, 429: Refused, 503: Refused };
  const summary = 'Change the password; all tokens of the user end';
  const schema = { tags, summary, body: ChangeBody, response };
  http.post<{ Body: Static<typeof ChangeBody> }>('/change_password', { schema }, async (request) => {
    const identity = await hub.identity.of(request);
    await logins.changePassword(identity, request.body, request.ip);
    return { message: 'Successfully Updated!' };
  });
}

function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const { statusCode: status = 500, validation } = error;
  if (error instanceof TryLater) void reply.header('retry-after', error.retryAfter);
  // What the hub has to answer for, it answers itself: with a trace id.
  else if (status >= 500) throw error;
  const invalid = validation?.map((one) => detailOf(one, request.body !== undefined)) ?? invalidBody(error);
  if (invalid === undefined) void reply.code(status).send({ detail: error.message });
  else void reply.code(422).send({ detail: invalid });
}

function invalidBody(error: FastifyError): readonly Detail[] | undefined {
  if (error instanceof InvalidField) return error.detail;
  // Fastify's own, of a body that cannot be read.
  if (error instanceof HubError || error.statusCode !== 400) return undefined;
  return [{ loc: ['body'], msg: error.message, type: 'json_invalid' }];
}
