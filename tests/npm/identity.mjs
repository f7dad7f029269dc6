// Other people's software on identities and signed documents. Prints one JSON line.
//   resolve DID HISTORY         didwebvh-ts: the document that a did.jsonl resolves to
//   verify DOCUMENT HISTORY     @digitalbazaar: does a signed document hold, its key taken from what didwebvh-ts resolves?
//   sign DOCUMENT               @digitalbazaar: the document signed by a fresh did:key
import {readFileSync} from 'node:fs';
import {createPublicKey, verify} from 'node:crypto';
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

const require = createRequire(process.env.MAILLON_NPM + '/');
const load = async name => import(pathToFileURL(require.resolve(name)).href);

const verifier = {
  async verify(signature, message, key) {
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(key).subarray(-32)]);
    return verify(null, message, createPublicKey({key: spki, format: 'der', type: 'spki'}), signature);
  }
};

async function resolve(file, did) {
  const {resolveDIDFromLog} = require('didwebvh-ts');
  const log = readFileSync(file, 'utf8').trim().split('\n').map(line => JSON.parse(line));
  const {doc, meta} = await resolveDIDFromLog(log, {verifier});
  if(did && doc.id !== did) {
    throw new Error('another DID: ' + doc.id);
  }
  return {doc, meta};
}

async function suiteOf(kind, signer) {
  const {DataIntegrityProof} = await load('@digitalbazaar/data-integrity');
  const suites = await load('@digitalbazaar/eddsa-jcs-2022-cryptosuite');
  const cryptosuite = suites[kind]();
  return new DataIntegrityProof({cryptosuite, signer});
}

async function purposes() {
  const jsigs = (await load('jsonld-signatures')).default;
  return {jsigs, purpose: new jsigs.purposes.AssertionProofPurpose()};
}

function loaderOf(documents) {
  return async url => {
    const document = documents[url];
    if(!document) {
      throw new Error('not to be loaded: ' + url);
    }
    return {contextUrl: null, documentUrl: url, document};
  };
}

async function verifyDocument(file, history) {
  const {doc} = await resolve(history);
  const documents = {[doc.id]: doc};
  for(const method of doc.verificationMethod) {
    documents[method.id] = {'@context': 'https://w3id.org/security/multikey/v1', ...method};
  }
  const {jsigs, purpose} = await purposes();
  const result = await jsigs.verify(JSON.parse(readFileSync(file, 'utf8')), {
    suite: await suiteOf('createVerifyCryptosuite'), purpose, documentLoader: loaderOf(documents)});
  return {verified: result.verified, error: result.error && String(result.error.errors || result.error)};
}

async function signDocument(file) {
  const Multikey = await load('@digitalbazaar/ed25519-multikey');
  const pair = await Multikey.generate();
  const {publicKeyMultibase} = await pair.export({publicKey: true});
  pair.controller = 'did:key:' + publicKeyMultibase;
  pair.id = pair.controller + '#' + publicKeyMultibase;
  const {jsigs, purpose} = await purposes();
  return jsigs.sign(JSON.parse(readFileSync(file, 'utf8')), {
    suite: await suiteOf('createSignCryptosuite', pair.signer()), purpose, documentLoader: loaderOf({})});
}

const [what, first, second] = process.argv.slice(2);
const work = {
  resolve: async () => resolve(second, first),
  verify: async () => verifyDocument(first, second),
  sign: async () => signDocument(first)
};
console.log(JSON.stringify(await work[what]()));
