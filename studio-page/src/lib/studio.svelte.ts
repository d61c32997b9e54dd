// The page's one state: the address, the runs, and what is known of each run that is followed.

import { parse, spell, type Address, type View } from "./address";
import type { Event, Forms, Summary } from "./contract";
import { adopted, forgotten, wantsOwn, whose, type OwnList } from "./own";
import { paced } from "./pace";
import { newest, RunLog } from "./runlog";
import { source, Refused } from "./source";

/** What one view hands on to the next: the run, and what the next one is to be. */
const KEPT = ["run", "list", "model", "options"];

class Studio {
  readonly source = source();
  address = $state.raw<Address>(parse(location.hash));
  runs = $state.raw<Summary[]>([]);
  forms = $state.raw<Forms | null>(null);
  /** Whether the server has said which runs there are. */
  told = $state(false);
  connected = $state(true);
  /** Why it is not, where that is known. */
  lost = $state("");
  trouble = $state("");
  /** Runs that were told to stop while they were only beginning: nothing of them is kept. */
  dropped = $state.raw<string[]>([]);
  /** Whose list the one of the address is, once it was asked for; or why the run's own cannot be had. */
  own = $state.raw<{ run: string; list: string; words: string; refused: string } | null>(null);
  /** Counts what is new in the logs, at most once a frame of the screen. */
  frame = $state(0);

  /** Whether one came here by back or forward, and stands where one stood. */
  returned = false;
  private away = false; // whether the trouble is that nobody answers
  private logs = new Map<string, RunLog>();

  constructor() {
    const seen = () => history.replaceState({ seen: true }, "");
    seen();
    addEventListener("hashchange", () => {
      const before = this.view;
      this.address = parse(location.hash);
      if (this.view !== before) this.trouble = "";
      this.returned = Boolean(history.state?.seen);
      seen();
      this.follow();
    });
    this.source.subscribe((message) => {
      switch (message.kind) {
        case "runs":
          this.runs = message.runs;
          this.told = true;
          this.follow();
          break;
        case "connected":
          this.connected = message.connected;
          if (this.away) this.trouble = ""; // it answers again, or that it does not is said already
          this.away = false;
          this.lost = message.words ?? "";
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
    return this.address.params.run ?? newest(this.runs)?.run ?? "";
  }

  get summary(): Summary | undefined {
    return this.runs.find((r) => r.run === this.run);
  }

  /** What it is doing; of a run that stands still, that it does. */
  get doing(): Summary["state"] | "paused" | undefined {
    void this.frame;
    const state = this.summary?.state;
    return state === "running" && this.log(this.run).paused ? "paused" : state;
  }

  /** Whether the run of the address is not there, or no longer. */
  get missing(): boolean {
    return this.told && this.run !== "" && !this.summary;
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
    const kept = Object.entries(this.address.params).filter(([name]) => KEPT.includes(name));
    return spell({ view, params: { ...Object.fromEntries(kept), ...forgotten(this.run, params), ...params } });
  }

  go(view: View, params: Record<string, string> = {}): void {
    location.hash = this.link(view, params);
  }

  /** Change the address where one stands. */
  set(params: Record<string, string>): void {
    history.replaceState(history.state, "", spell({ view: this.view, params: { ...this.address.params, ...forgotten(this.run, params), ...params } }));
    this.address = parse(location.hash);
    this.follow();
  }

  async ask<T>(method: "GET" | "POST" | "PUT", path: string, body?: unknown): Promise<T | undefined> {
    try {
      const found = await this.source.ask<T>(method, path, body);
      this.trouble = "";
      return found;
    } catch (error) {
      this.away = error instanceof Refused && error.away;
      this.trouble = this.away && !this.connected ? "" : error instanceof Refused ? error.message : String(error);
      return undefined;
    }
  }

  /** Whether the run's own list is still to be learned of; nothing may be begun on another one meanwhile. */
  get awaitsList(): boolean {
    return wantsOwn((name) => this.param(name), this.run);
  }

  /** Take the list of the run that is open where no other was chosen; `here` says whether it is still wanted. */
  async takeOwnList(here: () => boolean): Promise<void> {
    const run = this.run;
    const wanted = () => here() && this.awaitsList && this.run === run;
    try {
      const own = await this.source.ask<OwnList>("POST", `/api/runs/${encodeURIComponent(run)}/list`, {});
      if (!wanted()) return;
      this.own = { run, list: own.list, words: whose(run, own), refused: "" };
      const ladder = this.forms?.ladder.map(({ name }) => name) ?? [];
      this.set(adopted(own, run, (name) => this.param(name), ladder));
    } catch (error) {
      if (wanted()) this.own = { run, list: "", words: "", refused: (error as Error).message };
    }
  }

  private written: Promise<unknown> = Promise.resolve();

  /** Whether it was written; commands are written in the order in which they were given. */
  async command(command: Record<string, unknown>): Promise<boolean> {
    const path = `/api/runs/${encodeURIComponent(this.run)}/commands`;
    const answer = this.written.then(() => this.ask("POST", path, command));
    this.written = answer;
    return undefined !== (await answer);
  }

  async stop(): Promise<void> {
    const early = this.summary?.state === "starting";
    if (early) this.dropped = [...this.dropped, this.run];
    await this.command({ command: "stop" });
  }

  /** A run that was begun just now, before the server tells of it. */
  begun(run: string): void {
    this.dropped = this.dropped.filter((each) => each !== run); // the name may be that of one that is gone
    if (!this.runs.some((r) => r.run === run)) this.runs = [...this.runs, { run, step: null, val_loss: null, state: "starting", said: "" }];
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

  private readonly changed = paced(() => (this.frame += 1));
}

export const studio = new Studio();
