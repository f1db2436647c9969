/** Interfaces whose objects can be cloned or transferred. A room registers its own at module scope; an object of any other interface is a DataCloneError. */
import { mapGet, mapSet, SafeMap } from "../../infra/guest/primordials.ts";
import { type Interface, type InterfaceInfo, interfaceOf } from "../../infra/guest/webidl.ts";

/** Makes the clone. `inner` clones a value that belongs to it, with the same memory of what was cloned already. */
export type CloneInterface = (value: never, inner: (value: unknown) => unknown) => object;

const cloners = new SafeMap<InterfaceInfo, CloneInterface>();

/** After `defineInterface`. An interface that inherits from `cls` needs its own. */
export function registerCloneable(cls: Interface, clone: CloneInterface): void {
  const info = interfaceOf(cls.prototype);
  if (info !== undefined) mapSet(cloners, info, clone);
}

export const clonerOf = (info: InterfaceInfo): CloneInterface | undefined => mapGet(cloners, info);

/** How objects of an interface go to a new owner. `move` is called once the whole value has been cloned. */
export interface Transfer<T extends object> {
  isTransferable(value: T): boolean;
  create(): T;
  move(from: T, to: T): void;
}

const transfers = new SafeMap<InterfaceInfo, Transfer<object>>();

/** After `defineInterface`. */
export function registerTransferable<T extends object>(cls: Interface, transfer: Transfer<T>): void {
  const info = interfaceOf(cls.prototype);
  if (info !== undefined) mapSet(transfers, info, transfer as unknown as Transfer<object>);
}

export const transferOf = (info: InterfaceInfo): Transfer<object> | undefined => mapGet(transfers, info);
