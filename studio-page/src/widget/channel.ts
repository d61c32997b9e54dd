// What a kernel says of a run. A snapshot is part of the model's state; what came since comes as messages, numbered, so
// that whoever missed one notices it and asks for another snapshot.

import type { Event, Summary } from "../lib/contract";
import { RunLog } from "../lib/runlog";

/** What anywidget hands to a module. */
export interface Model {
  get(name: "held"): Snapshot;
  on(event: "change:held" | "msg:custom", listener: (message: unknown) => void): void;
  send(content: unknown): void;
}

export interface Snapshot {
  number: number;
  summary: Summary;
  records: Event[];
}

export type News =
  | { kind: "records"; number: number; summary: Summary; records: Event[]; reset: boolean }
  | { kind: "live"; records: Event[] };

export class Channel {
  log = new RunLog();
  summary: Summary;
  private number = -1;
  private listeners = new Set<() => void>();

  constructor(private readonly model: Model) {
    this.summary = model.get("held").summary;
    this.restart();
    model.on("change:held", () => this.restart());
    model.on("msg:custom", (message) => this.hear(message as News));
    model.send({ kind: "hello", number: this.number });
  }

  /** Be told of changes; returns what ends that. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  command(command: Record<string, unknown>): void {
    this.model.send({ kind: "command", command });
  }

  private restart(): void {
    const { number, summary, records } = this.model.get("held");
    if (number <= this.number) return;
    this.log = new RunLog();
    this.log.add(records);
    [this.number, this.summary] = [number, summary];
    this.changed();
  }

  private hear(news: News): void {
    if (news.kind === "live") this.log.show(news.records);
    else if (news.kind !== "records" || news.number <= this.number) return;
    else if (news.number > this.number + 1) return this.model.send({ kind: "hello", number: this.number });
    else {
      if (news.reset) this.log = new RunLog();
      this.log.add(news.records);
      [this.number, this.summary] = [news.number, news.summary];
    }
    this.changed();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
