/**
 * The keys of every mock server. They are constant, so that tests can contain them. Only a mock server accepts them: the
 * kind `av_test_` and the fixed platform key are unknown to other servers.
 */
export const MOCK_KEYS = {
  read: "av_test_ReadKeyOfTheMockServer00003QvUE2",
  write: "av_test_WriteKeyOfTheMockServer0000X995d",
  platform: "av_plat_PlatformKeyOfMockServer0000Su9Os",
} as const;
export type MockKeyName = keyof typeof MOCK_KEYS;
