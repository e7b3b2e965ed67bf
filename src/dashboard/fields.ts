/** Fields that only the dashboard has. */
import { z } from "zod";
import { passwordIssue } from "../access/passwords.ts";
import { LIMITS } from "../config.ts";

/** A password as it is chosen. */
export const newPassword = () =>
  z.string().superRefine((password, context) => {
    const issue = passwordIssue(password);
    if (issue) context.addIssue({ code: "custom", message: issue });
  });

/** A password as it is given: only its length is bounded, so that what is wrong with it is not told. */
export const givenPassword = () =>
  z
    .string()
    .min(1)
    .max(LIMITS.passwordMax * 5);

/** Of an authenticator app, or a recovery code. */
export const givenCode = () => z.string().max(100);
