// usage: node dcap_qvl.js TALLY VECTORS WORK
//
// The comparisons of dcap_qvl.sh. Known differences:
// - dcap-qvl refuses what tally leaves to a policy (debug), and says OutOfDate
//   where Intel's library advises a relaunch. No vector is of either kind.
// - dcap-qvl reads neither the root certificate in a quote nor the text around
//   certificates nor what is behind the quote; tally refuses changes there.
'use strict';
const child = require('child_process');
const fs = require('fs');
const path = require('path');
const { verify } = require('@phala/dcap-qvl');

const [tally, vectors, work] = process.argv.slice(2);

// One bit of each byte at these distances is flipped: everything is signed, so
// a sample is enough here; tests/attest/dcap_tampered_test.cc has them all.
const STEP = 97;

const GO = 'signing/go-tdx-guest/testing/testdata/';
const CASES = [
  ['tdx/dcap-qvl/tdx_quote', 'tdx/dcap-qvl/tdx_quote_collateral.json'],
  ['tdx/dcap-qvl/tdx_quote_outdated',
   'tdx/dcap-qvl/tdx_quote_outdated_collateral.json'],
  ['sgx-quotes/dcap-qvl/sgx_quote',
   'sgx-quotes/dcap-qvl/sgx_quote_collateral.json'],
  // Of version 5, and of the same kind of platform as the collateral.
  [`${GO}quote_v5_sample.dat`, 'tdx/dcap-qvl/tdx_quote_outdated_collateral.json'],
];

const OTHER_QUOTES = [
  'signing/dcap-qvl/sample/tdx-quote.hex',
  'signing/dcap-qvl/sample/quote-from-tappd.hex',
  'tdx/trustee/tdx_quote_4.dat', 'tdx/trustee/tdx_quote_5.dat',
  'tdx/trustee/tdx_quote_6.dat', `${GO}tdx_prod_quote_SPR_E4.dat`,
  `${GO}ccel/cos-113-tdx-quote.dat`,
  'sgx-quotes/fortanix/quote.bin', 'sgx-quotes/trustee-occlum/occlum_quote.dat',
];

const COLLATERAL = [...new Set(CASES.map(([, name]) => name))];

// When the collateral is looked at: so many seconds after its TCB info.
const AGE = 3600;

// Both answers are "status ADVISORY …", or "no".
function theirs(quote, collateral, at) {
  try {
    const report = verify(new Uint8Array(quote), collateral, at);
    return [report.status, ...report.advisory_ids].join(' ');
  } catch (error) {
    return 'no';
  }
}

function ours(quote, collateral, at) {
  const file = path.join(work, 'quote');
  const directory = path.join(work, 'collateral');
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(file, quote);
  fs.writeFileSync(path.join(directory, 'all.json'), JSON.stringify(collateral));
  const run = child.spawnSync(
      tally, ['evidence', 'verify', file, '--collateral', directory, '--at',
              String(at), '--json'], { encoding: 'utf8' });
  if (run.status !== 0) return 'no';
  const { claims } = JSON.parse(run.stdout);
  // Authentic, and the collateral is of another platform.
  if (claims.tcb_status === 'unknown') return 'no';
  return [claims.tcb_status, ...claims.advisories].join(' ');
}

// The bytes of lists and signatures: hexadecimal in the file.
function forVerify(collateral) {
  const bytes = (hex) => new Uint8Array(Buffer.from(hex, 'hex'));
  return { ...collateral,
           root_ca_crl: bytes(collateral.root_ca_crl),
           pck_crl: bytes(collateral.pck_crl),
           tcb_info_signature: bytes(collateral.tcb_info_signature),
           qe_identity_signature: bytes(collateral.qe_identity_signature) };
}

// A quote as bytes or as hexadecimal text.
function readQuote(name) {
  const file = fs.readFileSync(path.join(vectors, name));
  if (!name.endsWith('.hex')) return file;
  return Buffer.from(file.toString().trim().replace(/^0x/, ''), 'hex');
}

function readCollateral(name) {
  return JSON.parse(fs.readFileSync(path.join(vectors, name)));
}

function issued(collateral) {
  return Date.parse(JSON.parse(collateral.tcb_info).issueDate) / 1000;
}

let differences = 0;

function compare(name, quote, collateral, at, mayBeStricter = false) {
  const expected = theirs(quote, forVerify(collateral), at);
  const got = ours(quote, collateral, at);
  if (expected === got || (mayBeStricter && got === 'no')) return expected;
  ++differences;
  console.log(`${name}: dcap-qvl says '${expected}', tally '${got}'`);
  return expected;
}

for (const [quoteName, collateralName] of CASES) {
  const quote = readQuote(quoteName);
  const collateral = readCollateral(collateralName);
  const begin = issued(collateral);
  const at = begin + AGE;
  const answer = compare(quoteName, quote, collateral, at);
  compare(`${quoteName} before its collateral`, quote, collateral, begin - 7200);
  compare(`${quoteName} a year later`, quote, collateral, begin + 31536000);
  const status = { ...collateral, tcb_info:
                   collateral.tcb_info.replace('OutOfDate', 'UpToDate') };
  compare(`${quoteName}, changed TCB info`, quote, status, at);
  const certificates = quote.indexOf('-----BEGIN CERTIFICATE-----');
  let flipped = 0;
  for (let i = 0; i < quote.length; i += STEP) {
    const changed = Buffer.from(quote);
    changed[i] ^= 1 << (i % 8);
    compare(`${quoteName}, byte ${i}`, changed, collateral, at,
            i >= certificates);
    ++flipped;
  }
  console.log(`ok: ${quoteName}: ${answer}; ${flipped} changes`);
}

// Every quote with every collateral, its own or not.
for (const quoteName of [...CASES.map(([name]) => name), ...OTHER_QUOTES]) {
  const quote = readQuote(quoteName);
  const answers = COLLATERAL.map((collateralName) => {
    const collateral = readCollateral(collateralName);
    return compare(`${quoteName} with ${collateralName}`, quote, collateral,
                   issued(collateral) + AGE);
  });
  console.log(`ok: ${quoteName} with each collateral: ${answers.join('; ')}`);
}
process.exit(differences === 0 ? 0 : 1);
