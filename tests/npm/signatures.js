// RFC 9421 by other people's code. usage: node signatures.js NODE_MODULES sign|verify <JSON on standard input>
// sign: {method, url, headers, keyid, nonce, seed (hex)} -> headers; verify: {method, url, headers, key (hex)} -> true or false.
'use strict';
const crypto = require('node:crypto');
const [modules, what] = process.argv.slice(2);
const {httpbis} = require(`${modules}/http-message-signatures`);
const input = JSON.parse(require('node:fs').readFileSync(0));
const der = (prefix, hex) => Buffer.concat([Buffer.from(prefix, 'hex'), Buffer.from(hex, 'hex')]);

async function sign() {
    const key = crypto.createPrivateKey({key: der('302e020100300506032b657004220420', input.seed), format: 'der', type: 'pkcs8'});
    const signed = await httpbis.signMessage({
        key: {id: input.keyid, alg: 'ed25519', sign: async data => crypto.sign(null, data, key)},
        name: 'maillon',
        fields: ['@method', '@target-uri', 'content-digest'],
        params: ['created', 'keyid', 'nonce', 'tag'],
        paramValues: {created: new Date(), nonce: input.nonce, tag: 'maillon'},
    }, input);
    return signed.headers;
}

async function verify() {
    const key = crypto.createPublicKey({key: der('302a300506032b6570032100', input.key), format: 'der', type: 'spki'});
    return await httpbis.verifyMessage({
        keyLookup: async parameters => ({id: parameters.keyid, algs: ['ed25519'],
            verify: async (data, signature) => crypto.verify(null, data, key, signature)}),
        requiredFields: ['@method', '@target-uri', 'content-digest'],
        requiredParams: ['created', 'keyid', 'nonce', 'tag'],
    }, input);
}

(what === 'sign' ? sign() : verify()).then(answer => console.log(JSON.stringify(answer === undefined ? null : answer)))
    .catch(error => console.log(JSON.stringify({error: error.message})));
