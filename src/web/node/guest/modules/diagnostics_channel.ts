/** node:diagnostics_channel (https://nodejs.org/api/diagnostics_channel.html): named channels within one app. */
import { checkFunction } from "../support/errors.ts";
import { web } from "../support/globals.ts";

type Name = string | symbol;
type Subscriber = (message: unknown, name: Name) => void;

export class Channel {
  readonly name: Name;
  #subscribers: readonly Subscriber[] = [];

  constructor(name: Name) {
    this.name = name;
  }
  get hasSubscribers(): boolean {
    return this.#subscribers.length > 0;
  }
  subscribe(subscriber: Subscriber): void {
    checkFunction(subscriber, "subscription");
    this.#subscribers = [...this.#subscribers, subscriber];
  }
  unsubscribe(subscriber: Subscriber): boolean {
    const rest = this.#subscribers.filter((candidate) => candidate !== subscriber);
    const isFound = rest.length < this.#subscribers.length;
    this.#subscribers = rest;
    return isFound;
  }
  /** What a subscriber throws is reported and stops nobody. */
  publish(message: unknown): void {
    for (const subscriber of this.#subscribers) {
      try {
        subscriber(message, this.name);
      } catch (error) {
        web.setTimeout(() => {
          throw error;
        });
      }
    }
  }
}

const channels = new Map<Name, Channel>();

export function channel(name: Name): Channel {
  let found = channels.get(name);
  if (found === undefined) channels.set(name, (found = new Channel(name)));
  return found;
}
export const hasSubscribers = (name: Name): boolean => channels.get(name)?.hasSubscribers ?? false;
export const subscribe = (name: Name, subscriber: Subscriber): void => channel(name).subscribe(subscriber);
export const unsubscribe = (name: Name, subscriber: Subscriber): boolean => channel(name).unsubscribe(subscriber);
export default { Channel, channel, hasSubscribers, subscribe, unsubscribe };
