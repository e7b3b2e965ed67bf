/** Machine-readable text, such as JSON or a command, in a box that scrolls, also with the keyboard. */
import { Box, Code } from "@mantine/core";
import { Copy } from "./text.tsx";

interface CodeBlockProps {
  /** The name of the box for screen readers. */
  label: string;
  text: string;
  /** Whether a button copies the text. */
  copy?: boolean;
  maxHeight?: number;
}

export function CodeBlock({ label, text, copy = false, maxHeight = 240 }: CodeBlockProps) {
  return (
    <Box pos="relative">
      <Code
        block
        tabIndex={0}
        role="group"
        aria-label={label}
        pr={copy ? 40 : undefined}
        style={{
          maxHeight,
          overflow: "auto",
          whiteSpace: "pre-wrap",
          overflowWrap: "anywhere",
        }}
      >
        {text}
      </Code>
      {copy && (
        <Box pos="absolute" top={4} right={4}>
          <Copy value={text} label={`Copy ${label.charAt(0).toLowerCase()}${label.slice(1)}`} />
        </Box>
      )}
    </Box>
  );
}
