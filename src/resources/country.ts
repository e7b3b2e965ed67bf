/** The country whose national phone numbers an object's fields may have. */
import { eq, sql } from "drizzle-orm";
import { toCountryCode } from "../lib/phone.ts";
import type { Db } from "../store/database.ts";
import { oncePerDatabase } from "../store/database.ts";
import { locations } from "./locations.ts";
import { organization } from "./organization.ts";

const countryQueries = oncePerDatabase((db: Db) => ({
  location: db
    .select({ country: locations.country })
    .from(locations)
    .where(eq(locations.id, sql.placeholder("id")))
    .prepare(),
  organization: db.select({ country: organization.country }).from(organization).prepare(),
}));

/** The object's own country, else that of its location, else that of the organization (ISO 3166-1 alpha-2). */
export function countryOf(
  db: Db,
  { country, location_id: id }: { country?: unknown; location_id?: unknown },
): string | null {
  const queries = countryQueries(db);
  const own = typeof country === "string" ? toCountryCode(country) : null;
  if (own !== null) return own;
  const ofLocation = typeof id === "string" ? queries.location.get({ id })?.country : null;
  return (
    (ofLocation ? toCountryCode(ofLocation) : null) ?? queries.organization.get()?.country ?? null
  );
}
