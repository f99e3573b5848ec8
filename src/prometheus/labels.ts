/**
 * Labels by name. A label with an empty value is the same as none, so that no value is ever empty (prometheus/prometheus
 * `model/labels`). Made sorted by name, which is the order in which rules that look at all labels go through them.
 */
export type Labels = ReadonlyMap<string, string>;
