/** Fields that only the dashboard has. */
import { z } from "zod";
import { passwordIssue } from "../access/passwords.ts";
import { LIMITS } from "../config.ts";

/** A password to be set, checked by the password policy. */
export const newPassword = () =>
  z.string().superRefine((password, context) => {
    const issue = passwordIssue(password);
    if (issue) context.addIssue({ code: "custom", message: issue });
  });

/** A password to be compared. Only its length is bounded, so that the policy reveals nothing about the stored one. */
export const passwordInput = () =>
  z
    .string()
    .min(1)
    .max(LIMITS.passwordMax * 5);

/** The code of an authenticator app, or a recovery code. */
export const codeInput = () => z.string().max(100);

/** The token of a link that works once. */
export const oneTimeToken = () => z.string().max(200);
