// usage: node match_dcap_qvl.js QUOTE COLLATERAL SECONDS
//
// One verification by dcap-qvl, for match_time.sh.
'use strict';
const fs = require('fs');
const { verify } = require('@phala/dcap-qvl');

const [quote, collateralFile, at] = process.argv.slice(2);
const collateral = JSON.parse(fs.readFileSync(collateralFile));
for (const name of ['root_ca_crl', 'pck_crl', 'tcb_info_signature',
                    'qe_identity_signature']) {
  collateral[name] = new Uint8Array(Buffer.from(collateral[name], 'hex'));
}
console.log(verify(new Uint8Array(fs.readFileSync(quote)), collateral,
                   Number(at)).status);
