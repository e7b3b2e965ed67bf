/** What the contract says of a field, for forms: its sentence, an example, its longest text. From /openapi.json itself. */
import { useQuery } from "@tanstack/react-query";

interface FieldSchema {
  description?: string;
  examples?: unknown[];
  maxLength?: number;
  enum?: string[];
}
interface ObjectSchema {
  properties?: Record<string, FieldSchema>;
  required?: string[];
}

interface Document {
  paths: Record<string, object>;
  webhooks: Record<string, { post: { description: string } }>;
  components: { schemas: Record<string, ObjectSchema> };
}

const documentQuery = {
  queryKey: ["openapi"],
  queryFn: async (): Promise<Document> => (await fetch("/openapi.json")).json(),
};

/** Help for an input: `description` below the label, `placeholder`, and `maxLength` where text is bounded. */
export interface FieldHelp {
  description?: string;
  placeholder?: string;
  maxLength?: number;
  required: boolean;
}

/** A form shows by itself what an empty input stands for; the contract says it to programs. */
const forPeople = (description: string) =>
  description
    .replace(/ ?Where left out: `[^`]*`\./, "")
    .replace(/; null [^.]*/, "")
    .replaceAll("`", "");

/** Help for each field of a schema of the API, such as `ContactCreate`. */
export function useFieldHelp(schema: string): (field: string) => FieldHelp {
  const { data } = useQuery(documentQuery);
  const object = data?.components.schemas[schema];
  return (field) => {
    const found = object?.properties?.[field];
    const example = found?.examples?.[0];
    return {
      description: found?.description && forPeople(found.description),
      placeholder: typeof example === "string" ? example : undefined,
      maxLength: found?.maxLength,
      required: object?.required?.includes(field) ?? false,
    };
  };
}

/** Each event that can be subscribed to, in the order of the contract, and when it is sent. */
export function useEvents(): { type: string; meaning: string }[] {
  const { data } = useQuery(documentQuery);
  return Object.entries(data?.webhooks ?? {}).map(([type, { post }]) => ({
    type,
    // The rest leads a reader of the reference to the page on webhooks.
    meaning: post.description.split(" Retries, ")[0]!.replaceAll("`", ""),
  }));
}

/** Each route of the API, such as `GET /v1/contacts/:id`, in the order of the contract. */
export function useRoutes(): string[] {
  const { data } = useQuery(documentQuery);
  return Object.entries(data?.paths ?? {}).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => /^(get|post|put|patch|delete)$/.test(method))
      .map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`),
  );
}
