// Print what Microsoft's language service for pipeline files finds: node language_service.js MODULES SCHEMA FILE...
const [folder, schemaFile, ...files] = process.argv.slice(2)
const fs = require('fs')
const { createRequire } = require('module')
const load = createRequire(require('path').resolve(folder, 'package.json'))
const print = console.log
console.log = () => {} // the service prints its own steps

const { getLanguageService, parse } = { ...load('azure-pipelines-language-service'), ...load('azure-pipelines-language-service/lib/parser/yamlParser') }
const { TextDocument } = load('vscode-languageserver-textdocument')
// The schema has to be an object: of a text nothing is checked, and nothing said.
const schema = JSON.parse(fs.readFileSync(schemaFile, 'utf8'))
const service = getLanguageService(async () => schema, [], async () => 'file:///schema.json', { resolveRelativePath: (path) => path })
service.configure({ validate: true, schemas: [] })

async function main() {
  for (const file of files) {
    const text = TextDocument.create('file://' + file, 'azure-pipelines', 1, fs.readFileSync(file, 'utf8'))
    for (const each of await service.doValidation(text, parse(text.getText(), []))) {
      print(`${file}:${each.range.start.line + 1}: ${each.message.slice(0, 200)}`)
    }
  }
}
main()
