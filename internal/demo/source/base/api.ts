// Calls to the shop's own API.
export interface Slot {
  id: string;
  day: string;
  time: string;
  left: number;
  capacity: number;
}

export interface Method {
  id: string;
  label: string;
}

export interface Order {
  name: string;
  children: number;
  slot: string;
  method: string;
}

export interface Confirmation {
  number: string;
  name: string;
  children: number;
  amount: number;
  day: string;
  time: string;
  test: boolean;
}

// ApiError is an answer that says no; its message is for the visitor.
export class ApiError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

const retryEvery = 150;
const retryAtMost = 8;

// request asks again after a 502: behind it is a provider's bad moment.
async function request<T>(path: string, init?: RequestInit): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(path, { ...init, headers: { accept: "application/json", ...init?.headers } });
    if (response.ok) return response.json();
    if (response.status === 502 && attempt < retryAtMost) {
      await new Promise((again) => setTimeout(again, retryEvery));
      continue;
    }
    const problem = await response.json().catch(() => ({}));
    throw new ApiError(response.status, problem.message ?? "the shop did not answer");
  }
}

export async function slots(): Promise<Slot[]> {
  return (await request<{ slots: Slot[] }>("/api/slots")).slots;
}

export async function methods(): Promise<Method[]> {
  return (await request<{ methods: Method[] }>("/api/payment-methods")).methods;
}

export function book(order: Order): Promise<Confirmation> {
  return request<Confirmation>("/api/bookings", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(order),
  });
}
