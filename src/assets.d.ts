/** Files that are part of the executable: SQL as text, everything else as the path it can be read from. */
declare module "*.sql" {
  const text: string;
  export default text;
}
