// Generates TypeScript interfaces from an AsyncAPI document: node typescript_models.mjs asyncapi.yaml > models.ts
import { TypeScriptGenerator } from "@asyncapi/modelina";
import { Parser, fromFile } from "@asyncapi/parser";

const { document, diagnostics } = await fromFile(new Parser(), process.argv[2]).parse();
if (!document) throw new Error(JSON.stringify(diagnostics));
const generator = new TypeScriptGenerator({
  modelType: "interface", enumType: "union", mapType: "record", rawPropertyNames: true,
});
for (const model of await generator.generate(document)) console.log(`export ${model.result}\n`);
