// Where runs come from: a server, or the page itself where it was exported. Views know nothing else.

import type { Event, Summary } from "./contract";
import { paced } from "./pace";

export type Message =
  | { kind: "runs"; runs: Summary[] }
  | { kind: "records"; run: string; records: Event[] }
  | { kind: "live"; run: string; records: Event[] }
  | { kind: "reset"; run: string }
  | { kind: "connected"; connected: boolean; words?: string };

export interface Source {
  /** Whether it can be asked anything, and trains. */
  readonly serves: boolean;
  subscribe(listener: (message: Message) => void): void;
  /** From now on these runs are told of; what was told is not told again. */
  follow(runs: string[]): void;
  ask<T>(method: "GET" | "POST" | "PUT", path: string, body?: unknown): Promise<T>;
}

/** The messages that are still worth reading when this one has come, none of them read yet. */
export function newestOf(waiting: readonly string[], message: string): string[] {
  const run = message.slice(0, message.indexOf(',"records":'));
  return [...waiting.filter((each) => !each.startsWith(run) || each.includes('"event":"samples"')), message];
}

/** What the server refused, in its own sentence. */
export class Refused extends Error {
  /** `wrong`: what was asked for cannot be; else it could not be answered now. `away`: nobody answered at all. */
  constructor(
    message: string,
    readonly wrong = false,
    readonly away = false,
  ) {
    super(message);
  }
}

const ANEW = "The studio was started anew: open the address that it has printed. What is on this page was there before.";

export class Server implements Source {
  readonly serves = true;
  private listener: (message: Message) => void = () => {};
  private stream: EventSource | null = null;
  private runs: string[] = [];
  private places = new Map<string, string>();
  private waiting: string[] = []; // messages of this moment
  private readonly read = paced(() => this.waiting.splice(0).forEach((each) => this.listener({ kind: "live", ...JSON.parse(each) })));

  constructor() {
    document.addEventListener("visibilitychange", () => this.connect());
  }

  subscribe(listener: (message: Message) => void): void {
    this.listener = listener;
    this.connect();
  }

  follow(runs: string[]): void {
    if (runs.length === this.runs.length && runs.every((run, i) => run === this.runs[i])) return;
    this.runs = [...runs];
    this.connect();
  }

  async ask<T>(method: "GET" | "POST" | "PUT", path: string, body?: unknown): Promise<T> {
    const raw = body instanceof Blob || typeof body === "string";
    const type = raw ? "text/plain" : "application/json";
    const answer = await fetch(path, {
      method,
      ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body), headers: { "content-type": type } }),
    }).catch(() => {
      throw new Refused("the server does not answer: is moreish studio still running?", false, true);
    });
    const found: unknown = await answer.json().catch(() => null);
    if (answer.ok) return found as T;
    throw new Refused((found as { error?: string } | null)?.error ?? `the server said ${answer.status}`, answer.status === 422 || answer.status === 404);
  }

  /** What is not kept is read as often as it is shown: the newest of each run, and whatever has new items. */
  private ofTheMoment(message: string): void {
    this.waiting = newestOf(this.waiting, message);
    this.read();
  }

  /** A server that was started anew answers, and knows this page's token no more. */
  private async why(): Promise<void> {
    const answer = await fetch("/api/about").catch(() => null);
    if (answer?.status === 401) this.listener({ kind: "connected", connected: false, words: ANEW });
  }

  /** One stream a tab, and none while the tab is hidden. */
  private connect(): void {
    this.stream?.close();
    this.stream = null;
    if (document.hidden) return;
    const after = this.runs.flatMap((run) => this.places.get(run) ?? []).join(",");
    const query = new URLSearchParams({ runs: this.runs.join(","), after });
    const stream = (this.stream = new EventSource(`/api/events?${query}`));
    stream.onopen = () => this.listener({ kind: "connected", connected: true });
    stream.onerror = () => {
      this.listener({ kind: "connected", connected: false });
      if (stream.readyState !== EventSource.CLOSED || this.stream !== stream) return;
      void this.why();
      setTimeout(() => this.stream === stream && this.connect(), 2000);
    };
    stream.addEventListener("runs", (m) => this.listener({ kind: "runs", runs: JSON.parse(m.data) }));
    stream.addEventListener("records", (m) => {
      for (const place of m.lastEventId.split(",")) this.places.set(decodeURIComponent(place.split(":")[0] ?? ""), place);
      this.listener({ kind: "records", ...JSON.parse(m.data) });
    });
    stream.addEventListener("live", (m) => this.ofTheMoment(m.data));
    stream.addEventListener("reset", (m) => {
      const { run } = JSON.parse(m.data) as { run: string };
      this.places.delete(run);
      this.listener({ kind: "reset", run });
    });
  }
}

export interface HeldRun {
  run: string;
  options: Record<string, unknown> | null;
  source: { name?: string; items?: number } | null;
  summary: Summary;
  records: Event[];
}

/** One run that the page holds itself. */
export class Held implements Source {
  readonly serves = false;
  private told = false;
  private listener: (message: Message) => void = () => {};

  constructor(readonly held: HeldRun) {}

  subscribe(listener: (message: Message) => void): void {
    this.listener = listener;
    listener({ kind: "runs", runs: [this.held.summary] });
    listener({ kind: "connected", connected: true });
  }

  follow(runs: string[]): void {
    if (this.told || !runs.includes(this.held.run)) return;
    this.told = true;
    this.listener({ kind: "records", run: this.held.run, records: this.held.records });
  }

  async ask<T>(method: string, path: string): Promise<T> {
    const { run, options, source } = this.held;
    if (method === "GET" && path === `/api/runs/${encodeURIComponent(run)}`) return { run, options, source } as T;
    throw new Refused("this page holds a recorded run: open it with moreish studio to ask its model");
  }
}

export function source(): Source {
  const held = document.getElementById("held")?.textContent;
  return held ? new Held(JSON.parse(held)) : new Server();
}
