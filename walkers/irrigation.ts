/**
 * Rules for a field: water dry soil, warn of frost, report every morning. Their thresholds are nodes of a graph, set by
 * the walkers `set_…`. A farmer sets her own, and switches the rule on for herself:
 *
 *   POST /walker/set_dry_soil {"controller":"field-01","zones":["zone2"]}
 *   PUT /switch/dry_soil
 *
 * It then runs with her rights. What holds whoever is there is on the public root's graph:
 * `npx hub walker run set_dry_soil --context '{"controller":"field-01","zones":["zone2"]}'`.
 */
import { destroy, grant, node, Root, socket, Type, walker } from 'hub:walker';

const irrigation = grant('irrigation');
const MINUTE = 60_000;

const DrySoil = node('DrySoil', {
  controller: Type.String(),
  zones: Type.Array(Type.String()),
  /** Moisture, in the unit of the sensor, below which watering begins, and from which on it is enough. */
  below: Type.Number({ default: 20 }),
  enough: Type.Number({ default: 26 }),
  /** So long it must have been dry. */
  minutes: Type.Integer({ default: 10 }),
  /** Of one watering, and minutes until the next: water takes its time to get down to the sensor. */
  seconds: Type.Integer({ default: 900 }),
  pause: Type.Integer({ default: 60 }),
  /** Minutes without rain. */
  rain_pause: Type.Integer({ default: 180 }),
  is_thirsty: Type.Boolean({ default: false }),
  /** Unix ms. */
  next: Type.Number({ default: 0 }),
});

const Frost = node('Frost', {
  controller: Type.String(),
  below: Type.Number({ default: 1 }),
  /** Warmer than `below` by so much, the alarm is over. */
  margin: Type.Number({ default: 1 }),
  /** Roots of the users who are told. */
  root_ids: Type.Array(Type.String()),
  is_cold: Type.Boolean({ default: false }),
});

/** Waters while soil is dry: from `below` until it is `enough`, in portions, and not after rain. */
export const dry_soil = walker({
  specs: {
    private: true,
    on: ['irrigation.soil_moisture'],
    runs_for: ['public', 'users'],
    grants: ['irrigation'],
  },
})
  .entry(Root, (w, here) => {
    w.visit(here.out(DrySoil).filter(({ controller }) => controller === w.event.data.controller));
  })
  .entry(DrySoil, (_w, rule) => {
    const { controller, zones, seconds, minutes } = rule;
    const soil = irrigation.window({ controller, event: 'soil_moisture', minutes });
    if (soil.max === undefined || soil.mean === undefined) return;
    if (soil.mean >= rule.enough) rule.is_thirsty = false;
    else if (soil.max < rule.below) rule.is_thirsty = true;
    // In a replay the rule may have been in force after the time that is replayed: `next` is out of reach then.
    const wait = rule.next - Date.now();
    if (!rule.is_thirsty || (wait > 0 && wait <= rule.pause * MINUTE)) return;
    const rain = irrigation.window({ controller, event: 'rain', minutes: rule.rain_pause });
    if ((rain.max ?? 0) > 0) return;
    irrigation.start({ controller, zones, seconds });
    rule.next = Date.now() + rule.pause * MINUTE;
  });

/** Tells users when it gets cold, once, and when it is over. */
export const frost_alarm = walker({
  specs: { private: true, on: ['irrigation.temperature'], runs_for: ['public', 'users'] },
})
  .entry(Root, (w, here) => {
    w.visit(here.out(Frost).filter(({ controller }) => controller === w.event.data.controller));
  })
  .entry(Frost, (w, rule) => {
    const { value } = w.event.data;
    const is_cold = value < rule.below || (rule.is_cold && value < rule.below + rule.margin);
    if (is_cold === rule.is_cold) return;
    rule.is_cold = is_cold;
    socket.notify_users(rule.root_ids, { type: 'frost', controller: rule.controller, is_cold, value });
  });

const Report = node('Report', { day: Type.String(), lines: Type.Array(Type.String()) });

/** Every morning at six: the last day of every sensor, kept as a node for `irrigation_reports` to show. */
export const irrigation_report = walker({
  specs: {
    private: true,
    schedule: { trigger: 'cron', hour: 6 },
    runs_for: ['public', 'users'],
    grants: ['irrigation'],
  },
}).entry(Root, (w, here) => {
  const lines = irrigation.latest({}).map(({ controller, event, value, unit, stale }) => {
    const { min, mean, max } = irrigation.window({ controller, event, minutes: 1_440 });
    const day = mean === undefined ? 'nothing' : `${min} to ${max}, mean ${mean.toFixed(1)}${unit}`;
    return `${controller} ${event}: ${day}, ${stale ? 'silent now' : `now ${value}${unit}`}`;
  });
  const report = Report({ day: new Date().toISOString().slice(0, 10), lines });
  here.connect(report);
  const [oldest, ...others] = here.out(Report);
  if (oldest !== undefined && others.length >= 31) destroy(oldest);
  w.report(report);
});

/** Shows the reports there are. */
export const irrigation_reports = walker({ specs: { methods: ['get', 'websocket'] } }).entry(
  Root,
  (w, here) => {
    for (const report of here.out(Report)) w.report(report);
  },
);

const SETTING = { methods: ['post', 'websocket'] } as const;

/** Sets the dry-soil rule of a controller. */
export const set_dry_soil = walker({
  specs: SETTING,
  has: {
    controller: Type.String(),
    zones: Type.Array(Type.String()),
    below: Type.Number({ default: 20 }),
    enough: Type.Number({ default: 26 }),
    minutes: Type.Integer({ default: 10, minimum: 1 }),
    seconds: Type.Integer({ default: 900, minimum: 1 }),
    pause: Type.Integer({ default: 60 }),
    rain_pause: Type.Integer({ default: 180, minimum: 1 }),
  },
}).entry(Root, (w, here) => {
  const { controller, zones, below, enough, minutes, seconds, pause, rain_pause } = w;
  for (const old of here.out(DrySoil)) if (old.controller === controller) destroy(old);
  const rule = DrySoil({ controller, zones, below, enough, minutes, seconds, pause, rain_pause });
  here.connect(rule);
  w.report(rule);
});

/** Sets the frost alarm of a controller. It is told to the user who sets it; for nobody in particular, to those of `root_ids`. */
export const set_frost_alarm = walker({
  specs: SETTING,
  has: {
    controller: Type.String(),
    root_ids: Type.Array(Type.String(), { default: [] }),
    below: Type.Number({ default: 1 }),
  },
}).entry(Root, (w, here) => {
  for (const old of here.out(Frost)) if (old.controller === w.controller) destroy(old);
  const root_ids = w.user === null ? w.root_ids : [w.root.id];
  const rule = Frost({ controller: w.controller, root_ids, below: w.below });
  here.connect(rule);
  w.report(rule);
});
