import { describe, expect, it } from "vitest";
import { adopted, forgotten, wantsOwn, whose, type OwnList } from "./own";

const of = (params: Record<string, string>) => (name: string) => params[name] ?? "";

describe("the list of a run that is open", () => {
  const own: OwnList = { list: "pasted-3", data: { column: "town" }, model: "gru", kept: false };
  const ladder = ["ngram", "mlp", "gru"];

  it("is wanted where the address has none", () => {
    expect(wantsOwn(of({}), "pasted-3-gru-1")).toBe(true);
    expect(wantsOwn(of({ list: "names" }), "pasted-3-gru-1")).toBe(false);
    expect(wantsOwn(of({}), "")).toBe(false);
  });
  it("comes with how it is read, and with the run's model", () => {
    const options = '{"data":{"column":"town"}}';
    expect(adopted(own, "a", of({}), ladder)).toEqual({ run: "a", list: "pasted-3", model: "gru", options });
    expect(adopted(own, "a", of({ model: "mlp" }), ladder).model).toBe("mlp");
    expect(adopted({ ...own, model: "mixture" }, "a", of({}), ladder)).toEqual({ run: "a", list: "pasted-3", options });
    expect(adopted({ ...own, data: {} }, "a", of({}), ladder).options).toBe("");
  });
  it("is no longer that of the address when another run is opened", () => {
    expect(forgotten("a", { run: "b" })).toEqual({ list: "", model: "", options: "" });
    expect(forgotten("a", { run: "a" })).toEqual({});
    expect(forgotten("a", { step: "3" })).toEqual({});
    expect(forgotten("a", { run: "b", list: "names" })).toEqual({});
  });
  it("is said to be whose it is", () => {
    expect(whose("towns-1", { kept: false })).toBe("the list of towns-1");
    expect(whose("towns-1", { kept: true })).toContain("whose file is not here");
  });
});
