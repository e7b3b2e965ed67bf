/** Help, examples and bounds of the fields in forms, and the routes of the API. */
import { useQuery } from "@tanstack/react-query";
import type { FieldHelp } from "../../answers.ts";
import { dataQuery } from "./queries.ts";

interface OpenApiDocument {
  paths: Record<string, object>;
  components: { schemas: Record<string, ObjectSchema> };
}
interface ObjectSchema {
  properties?: Record<string, { examples?: unknown[]; maxLength?: number }>;
  required?: string[];
}

const METHODS = ["get", "post", "put", "patch", "delete"];

const documentQuery = {
  queryKey: ["openapi"],
  queryFn: async (): Promise<OpenApiDocument> => (await fetch("/openapi.json")).json(),
};

/** The props of an input that follow from its field's definition. */
export interface FieldProps {
  description?: string;
  placeholder?: string;
  maxLength?: number;
  required: boolean;
}

/** Returns a function that gives the props for a field of a request schema, such as `ContactCreate`. */
export function useFieldHelp(schema: string): (field: string) => FieldProps {
  const { data: help } = useQuery(dataQuery<FieldHelp>("/field-help", []));
  const { data: document } = useQuery(documentQuery);
  const object = document?.components.schemas[schema];
  return (field) => {
    const property = object?.properties?.[field];
    const example = property?.examples?.[0];
    return {
      description: help?.[schema]?.[field],
      placeholder: typeof example === "string" ? example : undefined,
      maxLength: property?.maxLength,
      required: object?.required?.includes(field) ?? false,
    };
  };
}

/** Each route of the API, such as `GET /v1/contacts/:id`, in the order of the reference. */
export function useRoutes(): string[] {
  const { data } = useQuery(documentQuery);
  return Object.entries(data?.paths ?? {}).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => METHODS.includes(method))
      .map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`),
  );
}
