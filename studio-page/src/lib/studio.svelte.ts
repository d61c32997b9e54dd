// The page's one state: the address, the runs, and what is known of each run that is followed.

import { parse, spell, type Address, type View } from "./address";
import type { Event, Forms, Summary } from "./contract";
import { RunLog } from "./runlog";
import { source, Refused } from "./source";

class Studio {
  readonly source = source();
  address = $state.raw<Address>(parse(location.hash));
  runs = $state.raw<Summary[]>([]);
  forms = $state.raw<Forms | null>(null);
  connected = $state(true);
  trouble = $state("");
  /** Counts what is new in the logs, at most once a frame of the screen. */
  frame = $state(0);

  private logs = new Map<string, RunLog>();
  private waiting = false;

  constructor() {
    addEventListener("hashchange", () => {
      this.address = parse(location.hash);
      this.follow();
    });
    this.source.subscribe((message) => {
      switch (message.kind) {
        case "runs":
          this.runs = message.runs;
          this.follow();
          break;
        case "connected":
          this.connected = message.connected;
          break;
        case "reset":
          this.logs.delete(message.run);
          this.changed();
          break;
        default:
          this.heard(message.kind, message.run, message.records);
      }
    });
    if (this.source.serves) void this.ask<Forms>("GET", "/api/forms").then((forms) => (this.forms = forms ?? null));
    this.follow();
  }

  get view(): View {
    return this.address.view;
  }

  /** The run that the views are about: the one in the address, else the newest. */
  get run(): string {
    return this.address.params.run ?? this.runs.find((r) => r.state === "running")?.run ?? this.runs.at(-1)?.run ?? "";
  }

  get summary(): Summary | undefined {
    return this.runs.find((r) => r.run === this.run);
  }

  get compared(): string[] {
    return (this.address.params.runs ?? "").split(",").filter(Boolean);
  }

  param(name: string): string {
    return this.address.params[name] ?? "";
  }

  log(run: string): RunLog {
    let log = this.logs.get(run);
    if (!log) this.logs.set(run, (log = new RunLog()));
    return log;
  }

  link(view: View, params: Record<string, string> = {}): string {
    const run = this.address.params.run;
    return spell({ view, params: { ...(run ? { run } : {}), ...params } });
  }

  go(view: View, params: Record<string, string> = {}): void {
    location.hash = this.link(view, params);
  }

  /** Change the address where one stands. */
  set(params: Record<string, string>): void {
    history.replaceState(null, "", spell({ view: this.view, params: { ...this.address.params, ...params } }));
    this.address = parse(location.hash);
    this.follow();
  }

  async ask<T>(method: "GET" | "POST" | "PUT", path: string, body?: unknown): Promise<T | undefined> {
    try {
      const found = await this.source.ask<T>(method, path, body);
      this.trouble = "";
      return found;
    } catch (error) {
      this.trouble = error instanceof Refused ? error.message : String(error);
      return undefined;
    }
  }

  async command(command: Record<string, unknown>): Promise<void> {
    await this.ask("POST", `/api/runs/${encodeURIComponent(this.run)}/commands`, command);
  }

  private follow(): void {
    const wanted = this.view === "compare" && this.compared.length ? this.compared : [this.run].filter(Boolean);
    this.source.follow(wanted.slice(0, 8));
  }

  private heard(kind: "records" | "live", run: string, records: Event[]): void {
    if (kind === "records") this.log(run).add(records);
    else this.log(run).show(records);
    this.changed();
  }

  private changed(): void {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.frame += 1;
    });
  }
}

export const studio = new Studio();
